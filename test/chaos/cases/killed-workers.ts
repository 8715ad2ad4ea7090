import { STORES } from '../chaos-store.ts'
import type { Point } from '../misdeeds.ts'
import type { ChaosCase } from '../run-case.ts'

/**
 * Whenever the server has a conversation at each point whose turn it is, the workers at the other ends
 * get kill -9, and only then the server goes on: sometimes it takes the message all the same. Before
 * EHLO it does not know who it is, and all of them die.
 */
export const KILLED_WORKERS: ChaosCase = {
  name: 'kill -9 of the worker at every stage',
  stores: STORES,
  fate: 'in doubt',
  relay: { timeouts: { dot: '1s' }, limits: { sessions: 10, messagesPerSession: 5 } },
  // The harness kills more often than any poisonous message would.
  hooks: { retry: { firstDelayMs: 50, maxDelayMs: 200, maxClaims: 1_000 } },
  drive: async ({ server, worker, workers, replace, random, over }, { times }) => {
    server.answerAfter(SLOW_MS)
    let kills = 0
    for (let turn = 0; turn < times; turn += 1) {
      const points = ROUNDS[turn % ROUNDS.length] ?? []
      const reached = await Promise.all(points.map((at) => server.reached(at, over)))
      const halted = reached.filter((one) => one !== undefined)
      const victims = new Set(halted.flatMap(({ client }) => worker(client) ?? workers()))
      await Promise.all([...victims].map((victim) => replace(victim)))
      for (const one of halted) server.goOn(one, random.next() < 0.5)
      kills += halted.length
    }
    server.answerAfter(0)
    return kills
  },
}

/** The points at which conversations are when their workers die together. */
const ROUNDS: readonly (readonly Point[])[] = [
  ['mail', 'rcpt', 'data'],
  ['body', 'dot', 'after'],
  ['greeting', 'ehlo', 'auth'],
]
/** So that mail is left for the last one. */
const SLOW_MS = 200
