/**
 * How far an SMTP session or transaction had come when it ended, in the order in which they happen.
 *
 * `dot` means that the final dot may have left; `after` that the reply to it has arrived.
 * See RFC 5321 §3 and §4.5.3.2.
 */
export const STAGES = [
  'connect',
  'tls',
  'greeting',
  'ehlo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'body',
  'dot',
  'after',
] as const

export type Stage = (typeof STAGES)[number]

/** Whether `stage` belongs to one message's transaction, and not to the session around it. */
export function isTransactionStage(stage: Stage): boolean {
  return STAGES.indexOf(stage) >= STAGES.indexOf('mail')
}
