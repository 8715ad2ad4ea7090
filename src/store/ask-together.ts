import { isMailroomError } from '../errors.ts'
import type { SharedPool } from './shared-pool.ts'

/** The two ways to ask for the same thing. */
export interface Ways<Call, Answer extends object | boolean> {
  /** Asks for one call; it may wait for locks. */
  readonly one: (call: Call) => Promise<Answer>
  /**
   * Asks for several in one statement that waits for no row: what another transaction holds has no
   * answer, and nothing was done about it.
   */
  readonly many: (calls: readonly Call[]) => Promise<readonly (Answer | undefined)[]>
  /** How many at most; 50 by default. More make no statement cheaper, and keep the first waiting. */
  readonly most?: number
  /** How long the next ones wait for those under way, 1,000 by default; then they go beside them. */
  readonly patienceMs?: number
}

interface Waiting<Call, Answer> {
  readonly call: Call
  readonly resolve: (answer: Answer | Promise<Answer>) => void
  readonly reject: (error: unknown) => void
}

/**
 * Has calls that come at the same time share a statement: a round trip, a transaction and a write to
 * the disk for all of them.
 *
 * Those of one turn of the event loop go together, and those that come while they are under way go
 * together after them. One that has no answer is asked for alone, and so is each when the statement
 * fails, which undoes it for all. Within a transaction each call goes alone. A connection that died in
 * silence keeps only those waiting that were asked for on it.
 */
export function askTogether<Call, Answer extends object | boolean>(
  pool: Pick<SharedPool, 'isInTransaction' | 'outside'>,
  { one, many, most = 50, patienceMs = 1000 }: Ways<Call, Answer>,
): (call: Call) => Promise<Answer> {
  const waiting: Waiting<Call, Answer>[] = []
  let isUnderWay = false

  async function send(): Promise<void> {
    do {
      // What has come in by now is looked at first.
      await new Promise<void>((resolve) => void setImmediate(resolve))
      await atMost(patienceMs, answer(waiting.splice(0, most)))
    } while (waiting.length > 0)
    isUnderWay = false
  }

  /** Whoever is asked for alone may wait for a lock, and nobody else with it. */
  async function answer(asked: readonly Waiting<Call, Answer>[]): Promise<void> {
    try {
      const answers = await many(asked.map(({ call }) => call))
      for (const [at, { call, resolve }] of asked.entries()) resolve(answers[at] ?? one(call))
    } catch (error) {
      for (const { call, resolve, reject } of asked) {
        // The store is away, or refuses us: it would say the same of each.
        if (isMailroomError(error)) reject(error)
        else resolve(one(call))
      }
    }
  }

  return (call) => {
    if (pool.isInTransaction()) return one(call)
    return new Promise((resolve, reject) => {
      waiting.push({ call, resolve, reject })
      if (isUnderWay) return
      isUnderWay = true
      void pool.outside(send)
    })
  }
}

/** Resolves with `work`, which never rejects, or when the time is over. */
async function atMost(timeMs: number, work: Promise<void>): Promise<void> {
  const isOver = Promise.withResolvers<void>()
  const timer = setTimeout(isOver.resolve, timeMs)
  await Promise.race([work, isOver.promise])
  clearTimeout(timer)
}
