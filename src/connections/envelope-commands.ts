import { isAscii } from 'node:buffer'

import { needsSmtpUtf8 } from '../smtp/envelope.ts'
import type { Envelope } from '../smtp/envelope.ts'
import type { Extensions } from './extensions.ts'

/** The command that opens a transaction, or what the server lacks for this message. */
export type MailCommand =
  | { readonly kind: 'command'; readonly line: string }
  | { readonly kind: 'unsupported'; readonly detail: string }

/** What no address may hold: it would end the command, or add a parameter to it. */
const UNSAFE = /\p{Cc}|^(?!").*[\s<>]/u

/** MAIL FROM with the parameters that `body` and the addresses need (RFC 1870, 6152, 6531). */
export function composeMailCommand(
  envelope: Envelope,
  body: Buffer,
  extensions: Extensions,
): MailCommand {
  const { from, to } = envelope
  if (UNSAFE.test(from)) return unsupported('the sender is no mailbox')
  if (to.length === 0) return unsupported('there is no recipient')
  if (to.some((address) => UNSAFE.test(address))) return unsupported('a recipient is no mailbox')
  const isEightBit = !isAscii(body)
  const needsUtf8 = needsSmtpUtf8(envelope) || (isEightBit && !isAscii(headersOf(body)))
  const { maxBytes } = extensions
  if (maxBytes !== undefined && body.length > maxBytes) {
    return unsupported(
      `the message has ${body.length} bytes, the server takes ${maxBytes} at most (SIZE)`,
    )
  }
  if (needsUtf8 && !extensions.smtpUtf8) {
    return unsupported(
      'an address or a header has letters beyond ASCII, and the server offers no SMTPUTF8',
    )
  }
  if (isEightBit && !extensions.eightBitMime) {
    return unsupported('the message has 8-bit text, and the server offers no 8BITMIME')
  }
  const size = extensions.size ? ` SIZE=${body.length}` : ''
  const eightBit = isEightBit ? ' BODY=8BITMIME' : ''
  const utf8 = needsUtf8 ? ' SMTPUTF8' : ''
  return { kind: 'command', line: `MAIL FROM:<${from}>${size}${eightBit}${utf8}\r\n` }
}

/** Everything up to the empty line (RFC 5322 §2.1); beyond ASCII they need SMTPUTF8 (RFC 6532). */
function headersOf(body: Buffer): Buffer {
  const end = body.indexOf('\r\n\r\n')
  return end === -1 ? body : body.subarray(0, end)
}

function unsupported(detail: string): MailCommand {
  return { kind: 'unsupported', detail }
}
