import { ACCEPTED_UNCERTAIN, type PlanDone } from '../ledger/uncertain.ts'
import type { AttemptContext } from './attempt.ts'

type Telling = Pick<AttemptContext, 'connection' | 'emit'>

/** Tells of recipients whose mark a dead worker left behind. */
export function tellTurned(id: string, recipients: number, { connection, emit }: Telling): void {
  emit({ event: 'uncertain', id, connection, recipients, attempt: 0, rule: 'local.overdue' })
}

/** Tells that uncertain recipients were settled as their policy says. */
export function tellPlanDone(id: string, done: PlanDone, { connection, emit }: Telling): void {
  const { way, recipients } = done
  emit({ event: 'uncertain-settled', id, connection, way, recipients, ...ruleOfPlan(done) })
}

/** The rule by which recipients that were accepted count as delivered. */
export function ruleOfPlan(done: PlanDone | undefined): { readonly rule?: string } {
  return done?.way === 'accept' ? { rule: ACCEPTED_UNCERTAIN } : {}
}
