import type { ServedBy } from './provider.ts'
import type { UserRule } from './rules/user-rule.ts'

/** What kind of ending a reply or a fault is. */
export type VerdictClass =
  | 'ok'
  | 'retry'
  | 'permanent'
  | 'policy'
  | 'split'
  | 'connection'
  | 'auth'
  | 'throttle'
  | 'uncertain'

/** Whom a verdict may be about. `domain` is the recipient's; `account` the one that the manager uses. */
export const SCOPES = ['recipient', 'message', 'sender', 'domain', 'account', 'manager'] as const

export type Scope = (typeof SCOPES)[number]

/** What a reply or a fault means: one answer for the message, one for the connection manager. */
export interface Verdict {
  readonly class: VerdictClass
  readonly scope: Scope
  /**
   * What to do with the message, or at RCPT with this recipient of it.
   *
   * - `accepted`: this stage went well; at the dot and after it the message is delivered.
   * - `retry`: delayed by its own back-off, which is counted.
   * - `refuse`: never again.
   * - `split`: send what was not accepted in another transaction, at once.
   * - `uncertain`: the server may have taken it.
   * - `return`: hand it back; it spends nothing.
   */
  readonly message: 'accepted' | 'retry' | 'refuse' | 'split' | 'uncertain' | 'return'
  /**
   * What to think of the manager.
   *
   * - `suspect`: counts only when it happens to two different messages in a row.
   * - `fault`: back off and probe.
   * - `auth`: park until the credential changes.
   * - `throttle`: slow the whole account down.
   */
  readonly manager: 'fine' | 'suspect' | 'fault' | 'auth' | 'throttle'
  /** The shortest wait before the next try, also of the manager when that is to slow down. */
  readonly minDelayMs?: number
  /** Waiting does not cure it: a person has to change a configuration, a credential or a program. */
  readonly alert?: true
  /** Nobody should mail this recipient, or with scope `domain` this domain, again; only at RCPT. */
  readonly suppress?: true
  /** The stable id of the rule that decided: `basic.550.rcpt`, `provider.gmail.daily-limit`. */
  readonly rule: string
}

/** What a verdict tells people and programs beside its two answers. */
export type Advice = Pick<Verdict, 'class' | 'scope' | 'alert' | 'suppress'>

/** What the transaction knows beside the reply. What is absent is taken as unknown. */
export interface JudgeContext {
  /** Whose server it is; absent, it may be anybody's, or pass on what another one said. */
  readonly provider?: ServedBy | undefined
  /** The connection manager's name, for rules that are about one. */
  readonly connection?: string | undefined
  /** What the operator has decided, looked at before everything that we know ourselves. */
  readonly rules?: readonly UserRule[] | undefined
  /** Earlier RCPTs of this transaction were accepted. */
  readonly acceptedBefore?: boolean
  /** Whether this transaction is itself what was split off from one; `false` allows a first split. */
  readonly splitBefore?: boolean
  /** The transaction used ESMTP parameters that the next one could do without. */
  readonly mayDropParameters?: boolean
}
