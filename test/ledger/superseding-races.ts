import { describe, expect, test } from 'vitest'

import type { Ledger } from '../../src/ledger/ledger.ts'
import { createRandom, type Random } from '../chaos/random.ts'
import {
  claimOf,
  delivered,
  inAnHour,
  LONG_MS,
  newRecord,
  OK,
  type OpenLedger,
} from './ledger-under-test.ts'

const SEED = 20_261_121
const MESSAGES = 50
const WORKERS = 10
const TRIES_EACH = 16
const DELIVERED = { outcomes: [delivered(0)], isAttempt: true, last: OK }
const WITHDRAWN = { outcomes: [], isAttempt: false, retryInMs: 0 }

/** What happened, and when by the clock of this process, which all of them share. */
interface Log {
  /** The message that each one superseded, and when it was known to be accepted. */
  readonly accepted: Map<string, { readonly older: string | undefined; readonly at: number }>
  readonly sent: { readonly id: string; readonly claimBeganAt: number }[]
  readonly cancelled: Set<string>
  /** How often workers have tried to claim something. */
  tries: number
}

/** What every ledger promises of newer messages, while all else happens to the older ones. */
export function testSupersedingRaces(open: OpenLedger): void {
  describe('fifty messages of which only the newest counts, all at once', () => {
    test('none is sent that was claimed after a newer one was accepted, and one is current', async () => {
      await using store = await open()
      const { ledger } = store
      const log: Log = { accepted: new Map(), sent: [], cancelled: new Set(), tries: 0 }
      const ids = Array.from({ length: MESSAGES }, (_, nth) => `m${nth}`)
      const producing = Promise.all(ids.map((id, nth) => produce(id, nth, ledger, log)))
      const working = Array.from({ length: WORKERS }, (_, nth) => work(nth, ledger, log))
      await Promise.all([producing, ...working])

      const order = inOrder(log)
      expect(order).toHaveLength(MESSAGES)
      for (const { id, claimBeganAt } of log.sent) {
        const newer = order.slice(order.indexOf(id) + 1)
        const before = newer.filter((one) => (log.accepted.get(one)?.at ?? 0) < claimBeganAt)
        expect([id, before]).toEqual([id, []])
      }
      const sentIds = log.sent.map(({ id }) => id)
      expect(new Set(sentIds).size).toBe(sentIds.length)
      // Else nothing was raced.
      expect(sentIds.length).toBeGreaterThan(0)
      await expectOneCurrent(order, ledger, log)
    })
  })
}

/** Accepts a message, and then perhaps changes its mind. */
async function produce(id: string, nth: number, ledger: Ledger, log: Log): Promise<void> {
  const random = createRandom(SEED, id)
  // However slow the store is, some claims come between two messages.
  while (log.tries < nth * TRIES_EACH) await turn()
  await pass(random)
  const [answer] = await ledger.record([{ ...newRecord(id), supersedes: 'code' }])
  if (answer?.kind !== 'recorded') throw new Error(`expected a new record, got "${answer?.kind}"`)
  log.accepted.set(id, { older: answer.older, at: performance.now() })
  // Some producers die here.
  if (answer.older !== undefined && random.next() < 0.8) await ledger.supersede(answer.older)
  await pass(random)
  const deed = random.pick(['cancel', 'later', 'sooner', 'nothing', 'nothing'] as const)
  if (deed === 'later') await ledger.reschedule(id, inAnHour())
  if (deed === 'sooner') await ledger.reschedule(id, new Date())
  if (deed !== 'cancel') return
  if ((await ledger.cancel(id)).kind === 'cancelled') log.cancelled.add(id)
}

/** Claims whatever there is until everything was accepted, and sends what it may. */
async function work(nth: number, ledger: Ledger, log: Log): Promise<void> {
  const random = createRandom(SEED, 'worker', nth)
  for (let more = 20; more > 0; more -= log.accepted.size < MESSAGES ? 0 : 1) {
    await pass(random)
    if (log.accepted.size === 0) continue
    const known = [...log.accepted.keys()]
    // Of fifty the newest, which alone can be sent, would hardly be found.
    const id = random.next() < 0.5 ? (known.at(-1) ?? '') : random.pick(known)
    const claimBeganAt = performance.now()
    const claim = await claimOf(ledger, id)
    log.tries += 1
    if (claim.kind !== 'claimed') continue
    await pass(random)
    const isMarked = await ledger.mark(id, claim.fence, [0], LONG_MS)
    if (isMarked) log.sent.push({ id, claimBeganAt })
    await ledger.settle(id, claim.fence, isMarked ? DELIVERED : WITHDRAWN)
  }
}

/** The messages from the oldest to the newest, as the ledger put them. */
function inOrder({ accepted }: Log): readonly string[] {
  const newerOf = new Map([...accepted].map(([id, { older }]) => [older, id]))
  const order: string[] = []
  for (let id = newerOf.get(undefined); id !== undefined; id = newerOf.get(id)) order.push(id)
  return order
}

/** Whatever became of the older ones, nobody gets them any more; the newest is as its producer left it. */
async function expectOneCurrent(
  order: readonly string[],
  ledger: Ledger,
  { sent, cancelled }: Log,
): Promise<void> {
  const newest = order.at(-1)
  const found = new Map<string, string>()
  const expected = new Map<string, string>()
  for (const id of order) {
    const claim = await claimOf(ledger, id)
    const isSent = sent.some((one) => one.id === id)
    const state = isSent ? 'delivered' : cancelled.has(id) ? 'cancelled' : 'superseded'
    const isCurrent = id === newest && state === 'superseded'
    const kinds = isCurrent ? ['claimed', 'early'] : ['settled']
    expect([id, kinds]).toEqual([id, expect.arrayContaining([claim.kind])])
    if (claim.kind === 'settled') found.set(id, claim.state)
    if (!isCurrent) expected.set(id, state)
  }
  expect(found).toEqual(expected)
}

/** Lets others come first, as often as the seed says. */
async function pass(random: Random): Promise<void> {
  const turns = Math.floor(random.next() * 8)
  for (let nth = 0; nth < turns; nth += 1) await turn()
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
