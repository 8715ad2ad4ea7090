import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import type { createWorker, WorkerEvent } from '../../src/index.ts'

/** A worker in a process of its own. */
export interface WorkerProcess extends AsyncDisposable {
  /** What it told, in order. */
  readonly events: readonly WorkerEvent[]
  /** How many messages it delivered. */
  delivered(): number
  /** Ends it as an operator would; rejects when it ends with anything but 0. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  freeze(): void
  thaw(): void
}

type Config = Parameters<typeof createWorker>[0]
type Hooks = Omit<Exclude<Parameters<typeof createWorker>[1], undefined>, 'emit'>

const PROGRAM = join(import.meta.dirname, '../main-job/programs/worker.ts')

/** Starts the worker; disposing kills it. */
export function startWorkerProcess(config: Config, hooks: Hooks = {}): WorkerProcess {
  const child = fork(PROGRAM, [JSON.stringify({ config, hooks })], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const events: WorkerEvent[] = []
  child.on('message', (event: WorkerEvent) => void events.push(event))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  return {
    events,
    delivered: () => events.filter(({ event }) => event === 'delivered').length,
    stop: async () => {
      await end('SIGTERM')
      if (child.exitCode !== 0) throw new Error(`expected an exit with 0, got ${child.exitCode}`)
    },
    kill: () => end('SIGKILL'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  }
}
