import { createHash } from 'node:crypto'

/** Headers that a mailer writes anew each time it builds the same mail. */
const OF_THE_MOMENT = /^(?:date|message-id|dkim-signature):.*\r?\n(?:[ \t].*\r?\n)*/gim

/** Names that nodemailer makes up for images which it takes out of the HTML. */
const MADE_UP = /[\da-f]{20}@localhost/g

/**
 * What two builds of the same mail have in common: everything but its date, its Message-ID, its
 * signatures and the boundaries between its parts, which begin with `boundary`.
 */
export function fingerprintOf(message: Uint8Array, boundary: string | undefined): string {
  const text = Buffer.from(message).toString('latin1')
  const end = /\r?\n\r?\n/.exec(text)
  const headEnd = end === null ? text.length : end.index + 2
  const head = text.slice(0, headEnd).replaceAll(OF_THE_MOMENT, '')
  const whole = (head + text.slice(headEnd)).replaceAll(MADE_UP, '')
  const same = boundary ? whole.replaceAll(boundary, '') : whole
  return createHash('sha256').update(same, 'latin1').digest('base64url')
}
