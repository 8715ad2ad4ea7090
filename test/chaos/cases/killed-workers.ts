import { STORES } from '../chaos-store.ts'
import { POINTS } from '../misdeeds.ts'
import type { ChaosCase } from '../run-case.ts'

/**
 * Whenever the server has a conversation at the point whose turn it is, the worker at the other end
 * gets kill -9, and only then the server goes on: sometimes it takes the message all the same.
 */
export const KILLED_WORKERS: ChaosCase = {
  name: 'kill -9 of the worker at every stage',
  stores: STORES,
  relay: { timeouts: { dot: '1s' }, limits: { sessions: 10, messagesPerSession: 5 } },
  // The harness kills more often than any poisonous message would.
  hooks: { retry: { firstDelayMs: 50, maxDelayMs: 200, maxClaims: 1_000 } },
  drive: async ({ server, worker, workers, replace, random, over }, { times }) => {
    server.answerAfter(SLOW_MS)
    let kills = 0
    for (let turn = 0; turn < times; turn += 1) {
      const reached = await server.reached(POINTS[turn % POINTS.length] ?? 'dot', over)
      if (reached === undefined) break
      // Before EHLO nobody knows who it is.
      const victim = worker(reached.client)
      const victims = victim === undefined ? workers() : [victim]
      await Promise.all(victims.map((each) => replace(each)))
      server.goOn(reached, random.next() < 0.5)
      kills += 1
    }
    server.answerAfter(0)
    return kills
  },
}

/** So that mail is left for the last one. */
const SLOW_MS = 200
