import type { Ledger, RecipientOutcome, Settlement } from '../../../src/ledger/ledger.ts'
import type { AttemptNote } from '../../../src/ledger/timeline.ts'
import { createRandom, type Random } from '../../chaos/random.ts'
import type { Answer, Deed, Event, Planned } from './deed.ts'
import { CONNECTION, perform } from './perform.ts'

/** Messages that clients do things to; those with a key take the place of one another. */
export interface Cast {
  readonly ids: readonly string[]
  readonly key?: string
}

/** Two messages that stand by themselves, and three of which only the newest counts. */
export function castsOf(seed: number): readonly Cast[] {
  return [
    { ids: [`one-${seed}`, `two-${seed}`] },
    { ids: [`one-code-${seed}`, `code-2-${seed}`, `code-3-${seed}`], key: `login ${seed}` },
  ]
}

/** A producer, an operator, a sweeper and a worker in one, who do as chance has it. */
export interface Client {
  /** Does one more thing. */
  act(): Promise<Event>
}

/** A claim that it once had, which it may have lost since. */
interface Held {
  readonly id: string
  readonly fence: number
  readonly pending: readonly number[]
  readonly attempts: number
  marked: readonly number[]
  settlements: Settlement[]
}

interface Self {
  readonly name: string
  readonly random: Random
  readonly held: Held[]
}

/** Starts a client; the same seed and the same answers, the same deeds. */
export function createClient(ledger: Ledger, name: string, seed: number, cast: Cast): Client {
  const self: Self = { name, random: createRandom(seed, name), held: [] }
  return {
    async act() {
      const held = self.held.length > 0 && self.random.next() < 0.62
      const deed = held ? workOn(self, pickHeld(self)) : decideOn(self, cast)
      const began = Number(process.hrtime.bigint())
      const answer = await perform(ledger, deed)
      const ended = Number(process.hrtime.bigint())
      remember(self, deed, answer)
      return { client: name, began, ended, deed, answer }
    },
  }
}

/** Mostly the last one; workers that were frozen come back to older ones. */
function pickHeld({ held, random }: Self): Held {
  const last = held.at(-1)
  return last !== undefined && random.next() < 0.75 ? last : random.pick(held)
}

function remember({ held }: Self, deed: Deed, answer: Answer): void {
  if (deed.kind === 'mark' && answer === true) {
    const claim = held.find(({ fence }) => fence === deed.fence)
    if (claim !== undefined) claim.marked = deed.indices
  }
  if (typeof answer !== 'object' || !('fence' in answer)) return
  const { fence, pending, attempts } = answer
  held.push({ id: deed.id, fence, pending, attempts, marked: [], settlements: [] })
}

function workOn(self: Self, claim: Held): Deed {
  const { random } = self
  const { id, fence, pending, marked, settlements } = claim
  const again = settlements.at(-1)
  if (again !== undefined && random.next() < 0.3) {
    return { kind: 'settle', id, fence, settlement: again }
  }
  if (marked.length === 0 && random.next() < 0.6) {
    const some = pending.filter(() => random.next() < 0.7)
    const indices = some.length === 0 ? pending : some
    const isOver = random.next() < 0.5
    const plan = planBy(random)
    return { kind: 'mark', id, fence, indices, isOver, ...(plan && { plan }) }
  }
  const settlement = settlementOf(self, claim)
  settlements.push(settlement)
  claim.marked = []
  return { kind: 'settle', id, fence, settlement }
}

function planBy(random: Random): Planned | undefined {
  if (random.next() < 0.4) return undefined
  const way = random.pick(['resend', 'resend', 'accept'] as const)
  return { way, isSoon: random.next() < 0.6, atMost: random.pick([1, 3]) }
}

/** Who has marked has an answer of the server, or none; who has not knows that nothing arrived. */
function settlementOf(self: Self, { pending, marked, attempts, settlements }: Held): Settlement {
  const { random, name } = self
  const part = settlements.length + 1
  const answered = marked.length > 0 ? marked : pending.filter(() => random.next() < 0.6)
  const outcomes = answered.map((index): RecipientOutcome => {
    const said = ['delivered', 'delivered', 'refused', 'pending', 'uncertain'] as const
    const state = random.pick(marked.length > 0 ? said : (['refused', 'pending'] as const))
    return { index, state, code: state === 'delivered' ? 250 : 450, stage: 'dot' }
  })
  const more = marked.length > 0 && random.next() < 0.25
  const rest = !more && random.next() < 0.15 ? random.pick(['expired', 'refused'] as const) : false
  const last = { code: outcomes[0]?.code ?? 450, stage: 'dot' }
  // Makes each settlement another one.
  const digest = `${name} ${random.next()}`
  const note: AttemptNote = {
    attempt: attempts + 1,
    part,
    digest,
    worker: name,
    bytes: 1,
    last,
    outcomes: outcomes.map(({ index, ...outcome }) => ({ ...outcome, recipients: [index] })),
  }
  return {
    outcomes,
    isAttempt: rest === false,
    retryInMs: 0,
    last,
    isBreak: random.next() < 0.2,
    ...(more && { more }),
    ...(rest !== false && { rest }),
    ...((rest === false || outcomes.length > 0) && { note }),
  }
}

function decideOn({ random, name }: Self, { ids, key }: Cast): Deed {
  const id = random.pick(ids)
  const digest = random.next() < 0.03 ? 'other' : 'mine'
  const manager = random.pick(['', CONNECTION, 'north', 'south'])
  const claim: Deed = {
    kind: 'claim',
    id,
    worker: name,
    digest,
    ...(manager !== '' && { manager }),
  }
  const record: Deed = { kind: 'record', id, digest, ...(key !== undefined && { key }) }
  const chosen = random.next()
  const [deed] = SHARES.find(([, until]) => chosen < until) ?? ['claim']
  switch (deed) {
    case 'claim':
      return claim
    case 'record':
      return record
    case 'reschedule':
      return { kind: deed, id, isLater: random.next() < 0.4 }
    case 'reopen':
      return { kind: deed, id, evenIfUncertain: random.next() < 0.4 }
    case 'decide':
      return {
        kind: deed,
        id,
        decision: random.pick(['resend', 'accept', 'hold', 'planned', 'planned']),
      }
    case 'cancel':
    case 'supersede':
    case 'forget':
    case 'removeHeld':
    case 'noteRequeued':
    case 'get':
    case 'history':
      return { kind: deed, id }
  }
}

/** How often what is done, added up. */
const SHARES = [
  ['claim', 0.5],
  ['record', 0.6],
  ['reschedule', 0.69],
  ['cancel', 0.73],
  ['supersede', 0.77],
  ['decide', 0.87],
  ['reopen', 0.92],
  ['forget', 0.93],
  ['removeHeld', 0.94],
  ['noteRequeued', 0.96],
  ['get', 0.98],
  ['history', 1],
] as const satisfies readonly (readonly [Deed['kind'], number])[]

/** What each message has come to, in the end. */
export async function takeStock(ledger: Ledger, { ids }: Cast): Promise<readonly Event[]> {
  const events: Event[] = []
  for (const id of ids) {
    for (const kind of ['get', 'history'] as const) {
      const deed: Deed = { kind, id }
      const began = Number(process.hrtime.bigint())
      const answer = await perform(ledger, deed)
      events.push({ client: 'stock', began, ended: Number(process.hrtime.bigint()), deed, answer })
    }
  }
  return events
}
