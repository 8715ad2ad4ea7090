import type { Queues } from '../queue/queues.ts'
import { QueueFullError } from './errors.ts'

/** Keeps a name's queue from growing without end. */
export interface DepthGuard {
  /** Takes `count` places in the queue of `connection`, or as many of them as are free. */
  reserve(connection: string, count: number): Promise<Places>
}

/** Places that nobody else of this process gets until they are released. */
export interface Places {
  /** How many were free of those that were asked for. */
  readonly count: number
  /** What is told to the first message that found none. */
  refusal(): QueueFullError
  /** Ends the reservation: `jobs` of the places were used, the others are free again. */
  release(jobs: number): void
}

interface Reading {
  /** One for all calls that come while it is under way. */
  readonly depth: Promise<number>
  /** What this process added since the reading began: it may hold that already, or not. */
  added: number
  trustedUntil: number
}

interface Line {
  /** Places whose messages are being written. */
  reserved: number
  reading: Reading | undefined
}

/** A depth that was read is trusted for so long. */
const TRUST_MS = 250

/**
 * Guards against more than `maxDepth` waiting and delayed jobs per name.
 *
 * This process never exceeds the limit by itself, however many calls run at once. What others add
 * is seen with a delay of 250 ms, so that together they may; and so is what workers take, so that
 * a queue may be called full for as long after it is not.
 */
export function createDepthGuard(
  queues: Queues,
  maxDepth: number,
  now: () => number = Date.now,
): DepthGuard {
  const lines = new Map<string, Line>()

  const readingOf = (connection: string, line: Line): Reading => {
    if (line.reading !== undefined && now() <= line.reading.trustedUntil) return line.reading
    const depth = queues.depth(connection).then(
      ({ waiting, delayed }) => {
        reading.trustedUntil = now() + TRUST_MS
        return waiting + delayed
      },
      (error: unknown) => {
        line.reading = undefined
        throw error
      },
    )
    const reading: Reading = { depth, added: 0, trustedUntil: Infinity }
    line.reading = reading
    return reading
  }

  return {
    reserve: async (connection, asked) => {
      const line = lines.get(connection) ?? { reserved: 0, reading: undefined }
      lines.set(connection, line)
      const reading = readingOf(connection, line)
      const known = await reading.depth
      const before = known + reading.added + line.reserved
      const count = Math.max(0, Math.min(asked, maxDepth - before))
      line.reserved += count
      return {
        count,
        refusal: () => new QueueFullError(connection, before + count, maxDepth),
        release: (jobs) => {
          line.reserved -= count
          if (line.reading !== undefined) line.reading.added += jobs
        },
      }
    },
  }
}
