import { formatDuration } from '../duration.ts'
import type { Fault } from './fault.ts'
import { lookThrough, type PassedOver } from './rules/lookup.ts'
import { oneOf } from './rules/conditions.ts'
import { sourceOf } from './rules/sources.ts'
import type { Condition } from './rules/rule.ts'
import type { UserRule, UserUnmet } from './rules/user-rule.ts'
import { judge, type JudgeContext, type Verdict } from './verdict.ts'

/** A verdict with what a person needs to follow it. */
export interface Explanation {
  readonly verdict: Verdict
  /** Where the rule that decided is written. */
  readonly source: string
  /** The rules that nearly decided, in the order in which they were asked, and why each did not. */
  readonly passedOver: readonly { readonly rule: string; readonly why: string }[]
}

/** Judges as `judge` does and tells why. */
export function explain(fault: Fault, context: JudgeContext = {}): Explanation {
  const verdict = judge(fault, context)
  const passedOver: { rule: string; why: string }[] = []
  const isLookedUp = fault.kind === 'reply' && fault.reply.code >= 400 && fault.reply.code <= 599
  if (isLookedUp) {
    for (const look of lookThrough({ stage: fault.stage, reply: fault.reply, context })) {
      if (look.kind === 'found') break
      const why = isNear(look) ? whyNot(look) : undefined
      if (why !== undefined) passedOver.push({ rule: look.id, why })
    }
  }
  return { verdict, source: sourceOf(verdict.rule), passedOver }
}

/** What a verdict has done with the message, in words. */
export function describeMessageAnswer({ message, minDelayMs }: Verdict): string {
  const after = minDelayMs === undefined ? '' : `, in ${formatDuration(minDelayMs)} at the earliest`
  return `${MESSAGE_WORDS[message]}${message === 'retry' ? after : ''}`
}

/** What a verdict thinks of the connection manager, in words. */
export function describeManagerAnswer({ manager, minDelayMs }: Verdict): string {
  const during = minDelayMs === undefined ? '' : `, for ${formatDuration(minDelayMs)} at least`
  return `${MANAGER_WORDS[manager]}${manager === 'throttle' ? during : ''}`
}

const MESSAGE_WORDS: Readonly<Record<Verdict['message'], string>> = {
  accepted: 'goes on; at the final dot it is delivered',
  retry: 'is tried again by its own back-off, which counts an attempt',
  refuse: 'is refused for good',
  split: 'goes to those who were not accepted in another transaction, at once',
  uncertain: 'may have been taken: nothing is sent blindly',
  return: 'goes back to its place and spends nothing',
}

const MANAGER_WORDS: Readonly<Record<Verdict['manager'], string>> = {
  fine: 'goes on',
  suspect: 'goes on, until it happens to another message in a row',
  fault: 'is parked and probed, with growing pauses',
  auth: 'is parked until its credential changes or an operator resumes it',
  throttle: 'sends more slowly, the whole account',
}

/** Rules about other codes and other providers are no news. */
function isNear({ unmet }: PassedOver): boolean {
  return !['codes', 'digit', 'status', 'other-provider'].includes(unmet)
}

function whyNot(look: PassedOver): string {
  if ('rule' in look) return whyNotUsers(look.unmet, look.rule)
  if ('condition' in look) return whyNotOurs(look.unmet, look.condition)
  switch (look.unmet) {
    case 'no-status':
      return 'the reply has no enhanced status code'
    case 'unknown-status':
      return 'no rule knows its enhanced status code'
    case 'says-nothing':
      return 'it leaves such a reply to the reply code'
    case 'closes':
      return '421 closes the connection, whatever is said of the message'
    case 'other-provider':
      return "it is another provider's"
  }
}

function whyNotOurs(unmet: keyof Condition, condition: Condition): string {
  switch (unmet) {
    case 'text':
      return `the text is not like ${String(condition.text)}`
    case 'stages':
      return `it counts at ${oneOf(condition.stages ?? [])} only`
    case 'provider':
      return `it counts at servers of ${condition.provider ?? ''} only`
    case 'acceptedBefore':
      return 'no recipient before was accepted'
    case 'mayDivide':
      return 'fewer recipients would not help, as far as is known'
    case 'mayDropParameters':
      return 'no parameters were used that it could do without'
    case 'codes':
    case 'digit':
    case 'status':
      return 'it is about other codes'
  }
}

function whyNotUsers(unmet: UserUnmet, { when, means }: UserRule): string {
  switch (unmet) {
    case 'text':
      return `the text has no ${when.text?.source ?? ''}`
    case 'stages':
      return `it counts at ${oneOf(when.stages ?? [])} only`
    case 'providers':
      return `it counts at servers of ${oneOf(when.providers ?? [])} only`
    case 'connections':
      return `it counts for ${oneOf(when.connections ?? [])} only`
    case 'codes':
    case 'digits':
    case 'statuses':
      return 'it is about other codes'
    case 'class':
      return `"${means.class}" says nothing before mail: there is no message yet`
    case 'divide':
      return 'fewer recipients would not help, as far as is known'
  }
}
