import { STORES } from '../chaos-store.ts'
import type { ChaosCase } from '../run-case.ts'

const IN_FLIGHT = 200
/** A server that never answers is waited for longer than a stop may take. */
const HANG = '30s'
const STOP_WITHIN_MS = 5_000
/** For handing back and closing. */
const GRACE_MS = 15_000
/** Until the worker is told to stop. */
const NEVER_MS = 60_000
const SOON_MS = 1_500

/**
 * SIGTERM during 200 deliveries, some of which hang: those that get their answers end, and the others
 * are handed back by the deadline. Another worker delivers the rest.
 */
export const SHUTDOWN: ChaosCase = {
  name: `SIGTERM during ${IN_FLIGHT} deliveries`,
  stores: STORES,
  workers: 1,
  plan: {
    misdeeds: [
      { deed: 'hang', at: 'mail' },
      { deed: 'hang', at: 'rcpt' },
      { deed: 'hang', at: 'data' },
    ],
    sessions: 0,
    messages: 0.1,
    attempts: 1,
  },
  relay: {
    timeouts: { mail: HANG, rcpt: HANG, data: HANG, dot: HANG },
    limits: { sessions: IN_FLIGHT, messagesPerSession: 100 },
  },
  stopWithinMs: STOP_WITHIN_MS,
  fate: 'known',
  drive: async ({ server, workers, until, addWorker }) => {
    server.answerAfter(NEVER_MS)
    if (!(await until(() => server.busy >= IN_FLIGHT))) throw new Error('too few were in flight')
    const [worker] = workers()
    const stopped = worker?.stop(STOP_WITHIN_MS + GRACE_MS)
    server.answerAfter(SOON_MS)
    const wrong = await stopped
    if (wrong !== undefined) throw new Error(wrong)
    server.answerAfter(0)
    server.behave()
    await addWorker()
    return 1
  },
}
