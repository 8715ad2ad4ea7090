import type { HeldSpan } from '../ledger/held-spans.ts'
import type { FinalState, Judgement } from '../ledger/ledger.ts'
import { judgedOf } from './judged.ts'
import type { SweepContext } from './sweep-context.ts'
import { ruleOfPlan, tellPlanDone, tellTurned } from './tell-uncertain.ts'

/** A message that nobody may take any more. */
export interface Overdue {
  readonly id: string
  readonly connection: string
  readonly recipients: readonly string[]
  /** Decides once more with the claim in hand; undefined: the message may go on. */
  readonly judge: (waited: Waited) => Promise<Judgement | undefined>
}

/** How old a message is without the spans in which it was held as uncertain, and these. */
export interface Waited {
  readonly ageMs: number
  readonly held: readonly HeldSpan[]
}

/**
 * What became of it.
 *
 * - `expired`: it expired by this call, which is announced.
 * - `settled`: it was at its end, or came to it by a mark whose time is over.
 * - `open`: somebody else has it, or it may go on.
 */
export type Ended =
  | { readonly kind: 'expired'; readonly last: Judgement; readonly pending: number }
  | { readonly kind: 'settled'; readonly state: FinalState }
  | { readonly kind: 'open' }

/**
 * Ends a message as `expired` in the way of a worker: by a claim, so that whoever has it now, or
 * takes it the next moment, loses or wins as against any other worker.
 */
export async function expire(overdue: Overdue, context: SweepContext): Promise<Ended> {
  const { id, connection, recipients } = overdue
  const { ledger, worker, announce, emit } = context
  const claim = await ledger.claim({ id, worker, connection, recipients })
  switch (claim.kind) {
    case 'early':
    case 'elsewhere':
    case 'in-doubt':
    case 'conflict':
      return { kind: 'open' }
    case 'settled':
    case 'claimed':
  }
  if (claim.turned > 0) tellTurned(id, claim.turned, { connection, emit })
  if (claim.done) tellPlanDone(id, claim.done, { connection, emit })
  if (claim.kind === 'settled') {
    if (claim.turned > 0 || claim.done) {
      announce({ id, connection, state: claim.state, ...ruleOfPlan(claim.done) })
    }
    return { kind: 'settled', state: claim.state }
  }
  const last = await overdue.judge({ ageMs: claim.ageMs, held: claim.held ?? [] })
  const settled = await ledger.settle(
    id,
    claim.fence,
    last === undefined
      ? { outcomes: [], isAttempt: false, retryInMs: 0 }
      : { outcomes: [], rest: 'expired', isAttempt: false, last },
  )
  if (last === undefined || !settled.applied) return { kind: 'open' }
  const state =
    settled.state === 'uncertain' || settled.state === 'refused' ? settled.state : 'expired'
  announce({ id, connection, state, ...judgedOf(last) })
  return { kind: 'expired', last, pending: claim.pending.length }
}
