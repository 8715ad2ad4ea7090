/**
 * A worker, an operator and a producer in one, who do as chance has it, with every message that
 * others do the same to, and write down what they did. Its clock may be hours off.
 */
import { setImmediate as turn } from 'node:timers/promises'

import type { RecipientOutcome } from '../../../src/ledger/ledger.ts'
import type { Deed, Fate } from '../deeds.ts'

const { queue, prefix, schema, seed, ids, steps, clockMs, name } = JSON.parse(
  process.argv[2] ?? '{}',
) as {
  readonly queue: string
  readonly prefix: string
  readonly schema: string
  readonly seed: number
  readonly ids: readonly string[]
  readonly steps: number
  readonly clockMs: number
  readonly name: string
}

const realNow = Date.now
Date.now = () => realNow() + clockMs
const { openLedger } = await import('../../../src/ledger/open.ts')
const { openStore } = await import('../../../src/store/open.ts')

const TO = ['ann@example.com', 'bob@example.com']
const FATES: readonly Fate[] = [
  'delivered',
  'deferred',
  'deferred',
  'deferred',
  'refused',
  'refused',
]
/** How often nobody ever answers a final dot. */
const SILENCE = 0.05

const random = createRandom(seed)
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
const store = await openStore(queue, { patience: 'wait', prefix, schema })
const ledger = await openLedger(store)
const deeds: Deed[] = []
/** One of them hears nothing of its first dot, so that there is one such message at least. */
let isFirst = name === 'worker-0'

for (let step = 0; step < steps; step += 1) {
  const id = pick(ids)
  const what = random()
  if (what < 0.7) await work(id)
  else if (what < 0.72) await cancel(id)
  else if (what < 0.95) await reopen(id)
  else await ledger.history(id)
}
await store.close()
process.stdout.write(JSON.stringify(deeds))

async function work(id: string): Promise<void> {
  const claimBegan = process.hrtime.bigint()
  const claim = await ledger.claim({ id, worker: name, connection: 'relay', recipients: TO })
  if (claim.kind !== 'claimed') return
  const { fence, pending } = claim
  deeds.push({ kind: 'claim', id, fence, ...spanSince(claimBegan) })
  await freeze(id)
  if (random() < 0.15) return
  const began = process.hrtime.bigint()
  const isMarked =
    random() < 0.85 && (await ledger.mark(id, fence, pending, random() < 0.5 ? 1 : 50))
  if (!isMarked) {
    const outcomes = pending.map((index) => ({ index, state: 'pending' as const, code: 450 }))
    await settle(id, fence, claim.attempts, outcomes)
    return
  }
  const fates = pending.map((index) => ({ index, fate: pick(FATES) }))
  // The answer to a dot is one for all.
  const isSilent = isFirst || random() < SILENCE
  isFirst = false
  const said = isSilent ? fates.map(({ index }) => ({ index, fate: 'silent' as const })) : fates
  deeds.push({ kind: 'mark', id, fence, fates: said, ...spanSince(began) })
  await freeze(id)
  if (isSilent) return
  const outcomes = fates.map(({ index, fate }): RecipientOutcome => {
    if (fate === 'delivered') return { index, state: 'delivered', code: 250 }
    if (fate === 'refused') return { index, state: 'refused', code: 550 }
    return { index, state: 'pending', code: 451 }
  })
  await settle(id, fence, claim.attempts, outcomes)
}

async function settle(
  id: string,
  fence: number,
  attempts: number,
  outcomes: readonly RecipientOutcome[],
): Promise<void> {
  const note = {
    attempt: attempts + 1,
    part: 1,
    digest: 'contend',
    worker: name,
    bytes: 1,
    last: { code: outcomes[0]?.code ?? 0, stage: 'dot' },
    outcomes: outcomes.map(({ index, ...outcome }) => ({ ...outcome, recipients: [index] })),
  }
  const settlement = { outcomes, isAttempt: true, retryInMs: 0, last: note.last, note }
  const { applied, state } = await ledger.settle(id, fence, settlement)
  // Whoever did not hear the answer asks again.
  if (random() < 0.2) await ledger.settle(id, fence, settlement)
  deeds.push({ kind: 'settle', id, fence, applied, state, outcomes })
}

async function cancel(id: string): Promise<void> {
  const { kind } = await ledger.cancel(id)
  if (kind === 'cancelled') deeds.push({ kind: 'cancel', id })
}

async function reopen(id: string): Promise<void> {
  const { kind } = await ledger.reopen(id)
  if (kind === 'reopened') deeds.push({ kind: 'reopen', id })
}

/** Lets the others go first, for as long as some looks take. */
async function freeze(id: string): Promise<void> {
  for (let looks = Math.floor(random() * 6); looks > 0; looks -= 1) {
    await ledger.get(id)
    await turn()
  }
}

/** Of all processes of a machine, in nanoseconds. */
function spanSince(began: bigint): { readonly began: string; readonly ended: string } {
  return { began: String(began), ended: String(process.hrtime.bigint()) }
}

/** Mulberry32: the same seed, the same deeds. */
function createRandom(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
