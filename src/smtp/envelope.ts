import { isAscii } from './address-syntax.ts'
import type { DsnRequest } from './dsn.ts'

/**
 * Who gets reports about a message, who gets the message, and what it asks of the servers on its way;
 * its headers may say otherwise.
 */
export interface Envelope {
  /** Empty for the null sender, who gets no reports (RFC 5321 §4.5.5). */
  readonly from: string
  /** As `toEnvelopeAddress` writes them. */
  readonly to: readonly string[]
  /** Which reports are wanted; absent for what servers do unasked. */
  readonly dsn?: DsnRequest | undefined
  /** It travels under TLS to servers that are known for sure, all the way, or not at all (RFC 8689). */
  readonly requireTls?: boolean | undefined
}

/** Whether the server has to know SMTPUTF8 (RFC 6531): some address has letters beyond ASCII. */
export function needsSmtpUtf8({ from, to }: Envelope): boolean {
  return !isAscii(from) || !to.every(isAscii)
}
