import { STORES } from '../chaos-store.ts'
import type { ChaosCase } from '../run-case.ts'

const IN_FLIGHT = 200
const STOP_WITHIN_MS = 3_000
/** For what has sent its final dot, and for closing. */
const GRACE_MS = 5_000

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
    timeouts: { mail: '20s', rcpt: '20s', data: '20s', dot: '20s' },
    limits: { sessions: IN_FLIGHT, messagesPerSession: 100 },
  },
  stopWithinMs: STOP_WITHIN_MS,
  fate: 'known',
  drive: async ({ server, workers, until, addWorker }) => {
    server.answerAfter(1_500)
    if (!(await until(() => server.busy >= IN_FLIGHT))) return 0
    const [worker] = workers()
    const wrong = await worker?.stop(STOP_WITHIN_MS + GRACE_MS)
    if (wrong !== undefined) throw new Error(wrong)
    server.answerAfter(0)
    server.behave()
    await addWorker()
    return 1
  },
}
