import type { Queues } from '../queue/queues.ts'
import { QueueFullError } from './errors.ts'

/** Keeps a name's queue from growing without end. */
export interface DepthGuard {
  /** Rejects with `QueueFullError` when `count` more jobs would exceed the limit. */
  admit(connection: string, count: number): Promise<void>
}

interface Reading {
  readonly at: number
  depth: number
}

/** A depth that was read is trusted for so long; what this process added since is counted on top. */
const TRUST_MS = 250

/**
 * Guards against more than `maxDepth` waiting and delayed jobs per name.
 *
 * Other producers' jobs are seen with a delay of at most 250 ms, so the limit may be exceeded by
 * what they add meanwhile.
 */
export function createDepthGuard(
  queues: Queues,
  maxDepth: number,
  now: () => number = Date.now,
): DepthGuard {
  const readings = new Map<string, Reading>()
  return {
    admit: async (connection, count) => {
      let reading = readings.get(connection)
      if (reading === undefined || now() - reading.at > TRUST_MS) {
        const { waiting, delayed } = await queues.depth(connection)
        reading = { at: now(), depth: waiting + delayed }
        readings.set(connection, reading)
      }
      if (reading.depth + count > maxDepth) {
        throw new QueueFullError(connection, reading.depth, maxDepth)
      }
      reading.depth += count
    },
  }
}
