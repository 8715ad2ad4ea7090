import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { runs } from '../support/runs.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** The directory of one test's embedded store, and what can be seen of its server from outside. */
export interface EmbeddedPlace extends AsyncDisposable {
  /** A temporary folder that the server's user may pass. */
  readonly folder: string
  /** The store's directory within; not there yet. */
  readonly directory: string
  /** The process id in the server's lock file. */
  serverPid(): Promise<number>
  /** Starts another process that attaches to the store. */
  startUser(): User
}

export interface User {
  readonly process: ChildProcess
  readonly attached: Promise<{ readonly port: number; readonly hasStarted: boolean }>
  /** Tells it to leave; answers whether it was the last. */
  leave(): Promise<boolean>
  kill(): Promise<void>
}

/** Makes a place; disposing it ends what is left of its processes. */
export async function makePlace(): Promise<EmbeddedPlace> {
  const temporary = await temporaryDirectory()
  const folder = temporary.path
  const directory = path.join(folder, 'store')
  const users: ChildProcess[] = []
  const serverPid = async (): Promise<number> => {
    const text = await readFile(path.join(directory, 'data/postmaster.pid'), 'utf8')
    return Number(text.split('\n')[0])
  }
  return {
    folder,
    directory,
    serverPid,
    startUser: () => {
      const user = startUser(directory)
      users.push(user.process)
      return user
    },
    [Symbol.asyncDispose]: async () => {
      for (const user of users) user.kill('SIGKILL')
      const pid = await serverPid().catch(() => undefined)
      if (pid !== undefined && pid !== process.pid && (await runs(pid)))
        process.kill(pid, 'SIGKILL')
      await temporary[Symbol.asyncDispose]()
    },
  }
}

function startUser(directory: string): User {
  const child = fork(path.join(import.meta.dirname, 'embedded-user.ts'), [directory])
  const attached = message(child, 'attached').then(({ port, hasStarted }) => ({
    port: Number(port),
    hasStarted: hasStarted === true,
  }))
  return {
    process: child,
    attached,
    leave: async () => {
      const left = message(child, 'left')
      child.send('leave')
      return (await left)['wasLast'] === true
    },
    kill: async () => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

function message(child: ChildProcess, kind: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    child.on('message', (heard: Record<string, unknown>) => {
      if (heard['kind'] === kind) resolve(heard)
    })
    child.once('exit', () => reject(new Error(`ended before it said "${kind}"`)))
  })
}
