import type { Fault } from '../../smtp/fault.ts'

/** What a mechanism says next, or why it goes no further: then the exchange is cancelled. */
export type Answer =
  | { readonly kind: 'answer'; readonly bytes: Buffer }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** One SASL mechanism in one login (RFC 4422 §3); it is used once. */
export interface Mechanism {
  /** As the AUTH command names it. */
  readonly name: string
  /** What goes with the AUTH command (RFC 4954 §4); absent when the server speaks first. */
  readonly begin?: () => Answer | Promise<Answer>
  /** The answer to a challenge; `text` is the challenge before its base64 was read. */
  readonly respond: (challenge: Buffer, text: string) => Answer | Promise<Answer>
  /** What is still missing when the server says yes, such as the proof that it knows us too. */
  readonly end?: () => Fault | undefined
}

export function answer(bytes: Buffer | string): Answer {
  return { kind: 'answer', bytes: Buffer.from(bytes) }
}

/** Refuses to go on; `detail` holds no secret and says what to do. */
export function refuse(detail: string, cause?: string): Answer {
  return { kind: 'fault', fault: authFault(detail, cause) }
}

/** A login that was not made, or whose answer is not believed; `cause` says to programs why. */
export function authFault(detail: string, cause?: string): Fault {
  return { kind: 'auth', stage: 'auth', detail, ...(cause !== undefined && { cause }) }
}
