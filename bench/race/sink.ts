import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

import { startDaemon } from '../../test/support/daemon.ts'
import { freePort } from '../../test/support/free-port.ts'
import { temporaryDirectory } from '../../test/support/temporary-directory.ts'
import { findPostfixProgram } from './postfix-program.ts'

/** The server at which all contestants end: it says yes, keeps nothing, and counts. */
export interface Sink extends AsyncDisposable {
  readonly name: string
  readonly port: number
  /** How many messages it has taken so far, of everybody. */
  taken(): Promise<number>
}

/** Postfix's `smtp-sink`; where it cannot be had, our own. */
export async function openSink(): Promise<Sink> {
  try {
    return await openSmtpSink()
  } catch (error) {
    console.error(`smtp-sink cannot be had (${describe(error)}): our own sink stands in for it`)
    return openOwnSink()
  }
}

/** It counts, and takes more sessions at once than the 256 that it has by default. */
const SINK = ['-c', '-m', '20000']

/** It writes its counts down after each message, in a file in memory. */
async function openSmtpSink(): Promise<Sink> {
  const { command, version, env } = await findPostfixProgram('usr/sbin/smtp-sink')
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryDirectory('memory'))
  const counts = join(folder.path, 'counts')
  const file = openSync(counts, 'w+')
  stack.defer(() => closeSync(file))
  const port = await freePort()
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const daemon = await startDaemon({
    program: { command: 'sh', env },
    args: [
      '-c',
      'exec "$@" > counts',
      'sh',
      command,
      ...user,
      ...SINK,
      `127.0.0.1:${port}`,
      '1000',
    ],
    port,
    cwd: folder.path,
  })
  stack.defer(() => daemon.end())
  const tail = Buffer.alloc(128)
  return {
    name: `smtp-sink of Postfix ${version}`,
    port,
    taken: async () => {
      const { size } = fstatSync(file)
      const bytes = readSync(file, tail, 0, tail.length, Math.max(0, size - tail.length))
      const all = [...tail.toString('latin1', 0, bytes).matchAll(/mesg=(\d+)\r/g)]
      return Number(all.at(-1)?.[1] ?? 0)
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Our own, in a process of its own: it takes large messages faster. */
export async function openOwnSink(): Promise<Sink> {
  const child = fork(join(import.meta.dirname, '../sink.ts'))
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }]
  return {
    name: 'our own sink in Node.js',
    port,
    taken: async () => {
      const answer = once(child, 'message')
      child.send('taken')
      const [{ taken }] = (await answer) as [{ readonly taken: number }]
      return taken
    },
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
