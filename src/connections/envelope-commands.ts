import { isAscii } from 'node:buffer'

import { needsSmtpUtf8 } from '../smtp/envelope.ts'
import type { Envelope } from '../smtp/envelope.ts'
import type { Extensions } from './extensions.ts'
import { sizeOf, type MessageBody, type SegmentedBody } from './message-body.ts'

/** The command that opens a transaction, or what the server lacks for this message. */
export type MailCommand =
  /** `announcesSize`: with the one parameter that a message can always do without. */
  | { readonly kind: 'command'; readonly line: string; readonly announcesSize: boolean }
  | { readonly kind: 'unsupported'; readonly detail: string }

/** What no address may hold: it would end the command, or add a parameter to it. */
const UNSAFE = /\p{Cc}|^(?!").*[\s<>]/u

/** MAIL FROM with the parameters that `body` and the addresses need (RFC 1870, 6152, 6531). */
export function composeMailCommand(
  envelope: Envelope,
  body: MessageBody,
  extensions: Extensions,
  withoutSize = false,
): MailCommand {
  const { from, to } = envelope
  if (UNSAFE.test(from)) return unsupported('the sender is no mailbox')
  if (to.length === 0) return unsupported('there is no recipient')
  if (to.some((address) => UNSAFE.test(address))) return unsupported('a recipient is no mailbox')
  const eightBit = eightBitOf(body)
  const needsUtf8 = needsSmtpUtf8(envelope) || eightBit === 'headers'
  const { maxBytes } = extensions
  const bytes = sizeOf(body)
  if (maxBytes !== undefined && bytes > maxBytes) {
    return unsupported(
      `the message has ${bytes} bytes, the server takes ${maxBytes} at most (SIZE)`,
    )
  }
  if (needsUtf8 && !extensions.smtpUtf8) {
    return unsupported(
      'an address or a header has letters beyond ASCII, and the server offers no SMTPUTF8',
    )
  }
  if (eightBit !== undefined && !extensions.eightBitMime) {
    return unsupported('the message has 8-bit text, and the server offers no 8BITMIME')
  }
  const announcesSize = extensions.size && !withoutSize
  const size = announcesSize ? ` SIZE=${bytes}` : ''
  const mime = eightBit === undefined ? '' : ' BODY=8BITMIME'
  const utf8 = needsUtf8 ? ' SMTPUTF8' : ''
  return { kind: 'command', line: `MAIL FROM:<${from}>${size}${mime}${utf8}\r\n`, announcesSize }
}

function eightBitOf(body: MessageBody): SegmentedBody['eightBit'] {
  if (!Buffer.isBuffer(body)) return body.eightBit
  if (isAscii(body)) return undefined
  return isAscii(headersOf(body)) ? 'body' : 'headers'
}

/** Everything up to the empty line (RFC 5322 §2.1); beyond ASCII they need SMTPUTF8 (RFC 6532). */
function headersOf(body: Buffer): Buffer {
  const end = body.indexOf('\r\n\r\n')
  return end === -1 ? body : body.subarray(0, end)
}

function unsupported(detail: string): MailCommand {
  return { kind: 'unsupported', detail }
}
