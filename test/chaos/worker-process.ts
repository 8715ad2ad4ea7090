import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { MailroomConfig, WorkerEvent, WorkerHooks } from '../../src/index.ts'
import { startChild } from './child.ts'

/** A worker of its own process, from outside. */
export interface WorkerProcess extends AsyncDisposable {
  /** What it calls itself in EHLO. */
  readonly client: string
  readonly hasEnded: boolean
  /** Waits until it takes mail, or has ended; throws when it does neither for a minute. */
  started(): Promise<void>
  kill(): Promise<void>
  freeze(): void
  thaw(): void
  shiftClock(ms: number): void
  /** Stops it in good order, unless it was killed; answers what is wrong with how it ended. */
  stop(withinMs: number): Promise<string | undefined>
  /** Everything that it has told. */
  events(): Promise<readonly WorkerEvent[]>
}

export interface WorkerOptions {
  readonly client: string
  readonly folder: string
  readonly config: MailroomConfig
  readonly hooks: WorkerHooks
  readonly stopWithinMs: number
}

const START_WITHIN_MS = 60_000

export function startWorker({ client, folder, ...options }: WorkerOptions): WorkerProcess {
  const file = join(folder, `${client}.jsonl`)
  const child = startChild<{ readonly kind: 'started' }>('worker.ts', { ...options, file })
  const up = Promise.withResolvers<void>()
  child.hear(() => up.resolve())
  let wasKilled = false
  const kill = async (): Promise<void> => {
    wasKilled ||= !child.hasEnded
    await child.kill()
  }
  return {
    client,
    get hasEnded() {
      return child.hasEnded
    },
    started: async () => {
      const late = sleep(START_WITHIN_MS, 'late' as const, { ref: false })
      if ((await Promise.race([up.promise, child.ended(), late])) === 'late') {
        throw new Error(`worker "${client}" did not start: ${child.complaint}`)
      }
    },
    kill,
    freeze: () => child.signal('SIGSTOP'),
    thaw: () => child.signal('SIGCONT'),
    shiftClock: (ms) => child.tell({ shiftMs: ms }),
    stop: async (withinMs) => {
      if (wasKilled) return undefined
      const wasDead = child.hasEnded
      child.signal('SIGTERM')
      const late = setTimeout(() => child.signal('SIGKILL'), withinMs)
      await child.ended()
      clearTimeout(late)
      if (child.ending === 0) return undefined
      const when = wasDead ? 'had died by itself' : `ended with ${child.ending} at its stop`
      return `worker "${client}" ${when}: ${child.complaint}`
    },
    events: async () => {
      const text = await readFile(file, 'utf8').catch(() => '')
      // A kill may have cut the last line.
      const lines = text.split('\n').slice(0, -1)
      return lines.map((line) => JSON.parse(line) as WorkerEvent)
    },
    [Symbol.asyncDispose]: kill,
  }
}
