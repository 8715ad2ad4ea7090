import { remedyForMail } from '../connections/remedies/find.ts'
import type { Judgement } from '../ledger/ledger.ts'
import { STAGES, type Stage } from '../smtp/stage.ts'
import type { Advice } from '../smtp/verdict-shape.ts'

/** What events tell of a judgement: all but the server's text, which may name a mailbox. */
export interface Judged extends Partial<Omit<Advice, 'suppress'>> {
  readonly stage?: Stage
  readonly code?: number
  readonly status?: string
  readonly rule?: string
  /** The name of a common fault, when the server would not have the message for it. */
  readonly problem?: string
}

/** The part of a judgement that may leave in events. */
export function judgedOf(last: Judgement | undefined): Judged {
  if (last === undefined) return {}
  const stage = STAGES.find((known) => known === last.stage)
  const remedy = remedyForMail(last)
  return {
    ...(stage === undefined ? {} : { stage }),
    ...(last.code === undefined ? {} : { code: last.code }),
    ...(last.status === undefined ? {} : { status: last.status }),
    ...(last.rule === undefined ? {} : { rule: last.rule }),
    ...(remedy && { problem: remedy.id }),
    ...(last.advice === undefined ? {} : withoutSuppress(last.advice)),
  }
}

/** Which recipients nobody should mail again is told by their number, where they are refused. */
function withoutSuppress({ suppress: _suppress, ...advice }: Advice): Omit<Advice, 'suppress'> {
  return advice
}

/**
 * A judgement in words for a job's reason and for logs.
 *
 * A server's text may name a mailbox and stays out; what we say of a fault ourselves does not.
 */
export function reasonOf(what: string, last: Judgement | undefined): string {
  const words = [what]
  if (last?.code !== undefined) words.push(String(last.code))
  if (last?.status !== undefined) words.push(last.status)
  if (last?.stage !== undefined) words.push(`at ${last.stage}`)
  if (last?.code === undefined && last?.text !== undefined) words.push(`(${last.text})`)
  if (last?.rule !== undefined) words.push(`(rule ${last.rule})`)
  return words.join(' ')
}
