import { isAscii } from './address-syntax.ts'

/** Who gets reports about a message, and who gets the message; its headers may say otherwise. */
export interface Envelope {
  /** Empty for the null sender, who gets no reports (RFC 5321 §4.5.5). */
  readonly from: string
  /** As `toEnvelopeAddress` writes them. */
  readonly to: readonly string[]
}

/** Whether the server has to know SMTPUTF8 (RFC 6531): some address has letters beyond ASCII. */
export function needsSmtpUtf8({ from, to }: Envelope): boolean {
  return !isAscii(from) || !to.every(isAscii)
}
