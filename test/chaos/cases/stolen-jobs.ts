import type { ChaosCase } from '../run-case.ts'
import { STALLED_CHECK_MS } from '../machine.ts'

/** Takes the locks off all running jobs again and again, so that several workers run the same ones. */
export const STOLEN_JOBS: ChaosCase = {
  name: 'several workers claim the same job',
  stores: ['redis', 'postgres'],
  workers: 3,
  // Who finds another one's mark comes back when its answer could not come any more.
  relay: { timeouts: { dot: '2s' } },
  hooks: { retry: { firstDelayMs: 50, maxDelayMs: 200, maxClaims: 1_000 } },
  drive: async ({ server, store, place, until, rest, count }, { times }) => {
    server.answerAfter(STALLED_CHECK_MS * 3)
    for (let turn = 0; turn < times; turn += 1) {
      const share = turn / times
      if (!(await until(() => server.taken >= Math.floor(count * share * 0.3)))) return turn
      await store.stealJobs(place)
      await rest(STALLED_CHECK_MS)
    }
    server.answerAfter(0)
    return times
  },
}
