import { isAscii } from 'node:buffer'

import { dsnOfMail, dsnOfRecipient } from '../smtp/dsn.ts'
import { needsSmtpUtf8, type Envelope } from '../smtp/envelope.ts'
import type { Lack } from '../smtp/fault.ts'
import type { Extensions } from './extensions.ts'
import { sizeOf, type MessageBody, type SegmentedBody } from './message-body.ts'

/** Extensions whose parameters a message can do without: it arrives all the same. */
export type Spared = '8BITMIME' | 'DSN' | 'SIZE'

/** The commands that open a transaction, or what the server lacks for this message. */
export type EnvelopeCommands =
  | {
      readonly kind: 'commands'
      readonly mail: string
      /** RCPT TO for each recipient, in the order of the envelope. */
      readonly recipients: readonly string[]
      /** Whose parameters are there, and may be left out when the server refuses them. */
      readonly spares: readonly Spared[]
      /** What the message asks for, and the server hears nothing of. */
      readonly unasked: readonly 'DSN'[]
    }
  | {
      readonly kind: 'unsupported'
      readonly lacks: Lack
      readonly detail: string
      /** The places of the recipients that need it; absent when all do. */
      readonly places?: readonly number[]
    }

/** What is known of the server. */
export interface Server {
  readonly extensions: Extensions
  /** Whether TLS protects the session, with a certificate that proves whose it is. */
  readonly isVerified: boolean
}

/** What no address may hold: it would end the command, or add a parameter to it. */
const UNSAFE = /\p{Cc}|^(?!").*[\s<>]/u

/**
 * MAIL FROM and RCPT TO with the parameters that `body` and the envelope need (RFC 1870, 3461, 6152,
 * 6531, 8689), but for those of `without`.
 */
export function composeEnvelope(
  envelope: Envelope,
  body: MessageBody,
  server: Server,
  without: readonly Spared[] = [],
): EnvelopeCommands {
  const { extensions } = server
  const eightBit = eightBitOf(body)
  const lack = findLack(envelope, body, server, eightBit)
  if (lack !== undefined) return lack
  const spares = usedOf(envelope, eightBit, extensions).filter((one) => !without.includes(one))
  const says = (spared: Spared, words: string): string => (spares.includes(spared) ? words : '')
  const { from, to, dsn, requireTls } = envelope
  const mail = [
    `MAIL FROM:<${from}>`,
    says('SIZE', ` SIZE=${sizeOf(body)}`),
    says('8BITMIME', ' BODY=8BITMIME'),
    needsSmtpUtf8(envelope) || eightBit === 'headers' ? ' SMTPUTF8' : '',
    dsn === undefined ? '' : says('DSN', dsnOfMail(dsn)),
    requireTls === true ? ' REQUIRETLS' : '',
    '\r\n',
  ].join('')
  const recipients = to.map((address) => {
    const wanted = dsn === undefined ? '' : says('DSN', dsnOfRecipient(dsn, address))
    return `RCPT TO:<${address}>${wanted}\r\n`
  })
  const unasked = dsn !== undefined && !spares.includes('DSN') ? (['DSN'] as const) : []
  const isDemanded = dsn?.required === true
  return {
    kind: 'commands',
    mail,
    recipients,
    spares: isDemanded ? spares.filter((one) => one !== 'DSN') : spares,
    unasked,
  }
}

type Unsupported = Extract<EnvelopeCommands, { readonly kind: 'unsupported' }>

function findLack(
  envelope: Envelope,
  body: MessageBody,
  { extensions, isVerified }: Server,
  eightBit: SegmentedBody['eightBit'],
): Unsupported | undefined {
  const { from, to, dsn, requireTls } = envelope
  if (UNSAFE.test(from)) return unsupported('mailbox', 'the sender is no mailbox')
  if (to.length === 0) return unsupported('mailbox', 'there is no recipient')
  if (to.some((address) => UNSAFE.test(address))) {
    return unsupported('mailbox', 'a recipient is no mailbox')
  }
  const { maxBytes } = extensions
  const bytes = sizeOf(body)
  if (maxBytes !== undefined && bytes > maxBytes) {
    return unsupported(
      'size',
      `the message has ${bytes} bytes, the server takes ${maxBytes} at most (SIZE)`,
    )
  }
  if (requireTls === true && !isVerified) {
    return unsupported('requiretls', 'the message requires TLS, and the session is not verified')
  }
  if (requireTls === true && !extensions.requireTls) {
    return unsupported('requiretls', 'the message requires TLS, the server offers no REQUIRETLS')
  }
  if (dsn?.required === true && !extensions.dsn) {
    return unsupported('dsn', 'the message requires reports, and the server offers no DSN')
  }
  if (!extensions.smtpUtf8 && (eightBit === 'headers' || needsSmtpUtf8(envelope))) {
    return withoutSmtpUtf8(envelope, eightBit)
  }
  if (eightBit !== undefined && !extensions.eightBitMime) {
    return unsupported('8bitmime', 'the message has 8-bit text, and the server offers no 8BITMIME')
  }
  return undefined
}

/** Where only some recipients need SMTPUTF8, the others can have the message as it is. */
function withoutSmtpUtf8(
  { from, to }: Envelope,
  eightBit: SegmentedBody['eightBit'],
): Unsupported | undefined {
  const lack = unsupported(
    'smtputf8',
    'an address or a header has letters beyond ASCII, and the server offers no SMTPUTF8',
  )
  if (eightBit === 'headers' || needsSmtpUtf8({ from, to: [] })) return lack
  const places = to.flatMap((address, place) =>
    needsSmtpUtf8({ from: '', to: [address] }) ? [place] : [],
  )
  return places.length === to.length ? lack : { ...lack, places }
}

function usedOf(
  { dsn }: Envelope,
  eightBit: SegmentedBody['eightBit'],
  extensions: Extensions,
): readonly Spared[] {
  const used: Spared[] = []
  if (extensions.size) used.push('SIZE')
  if (eightBit !== undefined) used.push('8BITMIME')
  if (dsn !== undefined && extensions.dsn) used.push('DSN')
  return used
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

function unsupported(lacks: Lack, detail: string): Unsupported {
  return { kind: 'unsupported', lacks, detail }
}
