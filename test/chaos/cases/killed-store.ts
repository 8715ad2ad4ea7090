import { STORES } from '../chaos-store.ts'
import type { ChaosCase } from '../run-case.ts'

/** Kills the store while messages are accepted and delivered, and brings it back a moment later. */
export const KILLED_STORE: ChaosCase = {
  name: 'kill -9 and restart of the store',
  stores: STORES,
  fate: 'in doubt',
  hasKeys: true,
  paceMs: 50,
  drive: async ({ server, store, until, random, rest, count }, { times }) => {
    server.answerAfter(50)
    for (let turn = 0; turn < times; turn += 1) {
      const share = (turn + 0.5) / times
      if (!(await until(() => server.taken >= Math.floor(count * share * 0.8)))) return turn
      await store.kill()
      await rest(200 + random.next() * 1_000)
      await store.restart()
    }
    return times
  },
}
