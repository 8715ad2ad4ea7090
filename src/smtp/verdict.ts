import type { Fault, FaultKind, Lack } from './fault.ts'
import { ANSWERS } from './rules/answers.ts'
import { findRule, type Found } from './rules/lookup.ts'
import type { Outcome } from './rules/rule.ts'
import { FAULT_RULES, STAGE_RULES } from './rules/stages.ts'
import { isTransactionStage, type Stage } from './stage.ts'
import type { JudgeContext, Scope, Verdict } from './verdict-shape.ts'

export type { JudgeContext, Verdict } from './verdict-shape.ts'

/**
 * Judges how a session or transaction ended, for the message and for the connection manager.
 *
 * Asks in this order: the operator's rules, a provider's known text, the stage, reply codes about
 * the session, the enhanced status code, the reply code. Where the two codes contradict each other the reply code
 * says whether to try again, and the enhanced one whom it is about.
 */
export function judge(fault: Fault, context: JudgeContext = {}): Verdict {
  const { stage } = fault
  if (fault.kind !== 'reply') return judgeSilence(stage, fault.kind, fault.lacks)

  const { reply } = fault
  if (isNonsense(reply.code, stage)) return judgeSilence(stage, 'protocol')
  if (reply.code < 400) {
    return verdictOf({ id: `basic.${reply.code}.${stage}`, means: { class: 'ok' } }, stage)
  }
  const found = findRule({ stage, reply, context })
  // RFC 5321 §4.1.4: 503 is about the order of commands, which no message is to blame for.
  const isTransient = !found.isUsers && (reply.code < 500 || reply.code === 503)
  return verdictOf(found, stage, isTransient)
}

/** RFC 5321 §4.2.1: only DATA and AUTH go on with 3yz, and DATA with nothing else. */
function isNonsense(code: number, stage: Stage): boolean {
  if (code < 200 || code > 599) return true
  if (code >= 400 || stage === 'after') return false
  if (stage === 'data') return code !== 354
  return code >= 300 && !(stage === 'auth' && code === 334)
}

function judgeSilence(stage: Stage, kind: FaultKind, lacks?: Lack): Verdict {
  const isDecided = stage === 'dot' || stage === 'after'
  const means = (isDecided ? undefined : FAULT_RULES[kind]) ?? STAGE_RULES[stage].silent
  const isOurs = stage === 'dot' && kind === 'aborted'
  const outcome: Outcome = isOurs ? { ...means, manager: 'fine' } : means
  const what = lacks === undefined ? kind : `${kind}.${lacks}`
  return verdictOf({ id: `stage.${stage}.${what}`, means: outcome }, stage)
}

/** Fills in what the rule leaves to its class, the stage, and whether the reply is transient. */
function verdictOf(
  { id, means }: Pick<Found, 'id' | 'means'>,
  stage: Stage,
  isTransient = false,
): Verdict {
  const isEarly = !isTransactionStage(stage)
  const scope = scopeAt(stage, means.scope)
  const answers = ANSWERS[means.class]
  const late = isTransient ? answers.soft : answers.hard
  const manager = means.manager ?? (isEarly ? answers.early : late).manager
  return {
    class: means.class,
    scope,
    message: isEarly ? answers.early.message : (means.message ?? late.message),
    manager: managerAt(manager, scope, isEarly),
    ...(means.minDelayMs === undefined ? {} : { minDelayMs: means.minDelayMs }),
    ...(means.alert ? { alert: true } : {}),
    ...(means.suppress && stage === 'rcpt' ? { suppress: true } : {}),
    rule: id,
  }
}

/** At MAIL no recipient is known yet, and what is said at RCPT is said of one recipient only. */
function scopeAt(stage: Stage, scope: Scope | undefined): Scope {
  if (scope === undefined) return STAGE_RULES[stage].scope
  if (stage === 'mail' && scope === 'recipient') return 'sender'
  if (stage === 'rcpt' && scope === 'message') return 'recipient'
  return scope
}

/** Only the account's throttle slows the manager down; and no message shares the blame before MAIL. */
function managerAt(
  manager: Verdict['manager'],
  scope: Scope,
  isEarly: boolean,
): Verdict['manager'] {
  if (manager === 'throttle' && scope !== 'account') return isEarly ? 'fault' : 'fine'
  return manager === 'suspect' && isEarly ? 'fault' : manager
}
