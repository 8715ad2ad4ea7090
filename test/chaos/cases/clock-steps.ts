import { STORES } from '../chaos-store.ts'
import { everywhere } from '../misdeeds.ts'
import type { ChaosCase } from '../run-case.ts'

const HOUR_MS = 3_600_000
const STEPS_MS = [3 * HOUR_MS, -3 * HOUR_MS, 60_000, -60_000, 26 * HOUR_MS, -26 * HOUR_MS]

/**
 * The wall clock of one worker after the other is put forward and back by hours, while messages are
 * deferred, and in the end is right again. One of them is right at any time: a worker that is off by
 * so much takes nothing.
 */
export const CLOCK_STEPS: ChaosCase = {
  name: "a worker's clock steps by hours",
  stores: STORES,
  plan: { misdeeds: everywhere(['4xx']), sessions: 0, messages: 0.3, attempts: 2 },
  drive: async ({ server, workers, random, until, rest, count }, { times }) => {
    server.answerAfter(100)
    for (let turn = 0; turn < times; turn += 1) {
      const share = turn / times
      if (!(await until(() => server.taken >= Math.floor(count * share * 0.8)))) return turn
      const stepped = random.pick(workers())
      for (const worker of workers()) {
        worker.shiftClock(worker === stepped ? random.pick(STEPS_MS) : 0)
      }
      await rest(500)
    }
    for (const worker of workers()) worker.shiftClock(0)
    server.answerAfter(0)
    return times
  },
}
