import type { Readable } from 'node:stream'

import { jobIdOfKey } from '../job/job-id.ts'
import { messageIdOf } from '../job/message-id.ts'
import type { SendMail } from '../job/send-mail.ts'
import { UnsupportedMailOptionError } from './errors.ts'
import { fingerprintOf } from './mail-fingerprint.ts'
import { readNodemailerDsn } from './nodemailer-dsn.ts'
import type { Mailroom } from './mailroom.ts'

/** What nodemailer hands to a transport, as far as this one looks at it; the same in versions 6 to 10. */
export interface CompiledMail {
  readonly data: object
  readonly message: {
    readonly baseBoundary?: string
    getEnvelope(): { readonly from: string | false; readonly to: readonly string[] }
    messageId(): string
    setHeader(name: string, value: string): unknown
    /** The bytes as nodemailer itself would send them, signed when DKIM is configured. */
    createReadStream(): Readable
  }
}

/** What `sendMail` may say to Mailroom, as its property `mailroom`. */
export type MailroomMailOptions = NonNullable<SendMail['options']> & {
  /** Another connection manager than the transport's. */
  readonly connection?: string
}

/** What `sendMail` resolves with: what nodemailer's SMTP transport tells, and our id. */
export interface MailroomSentInfo {
  envelope: { from: string | false; to: string[] }
  messageId: string
  /** Names the message in `get`, `cancel` and all events. */
  id: string
  /** False when the same idempotency key was used before with the same content. */
  isNew: boolean
  /** Everybody: what a server says of them is known later. */
  accepted: string[]
  rejected: string[]
  pending: string[]
  response: string
}

/** A transport for `nodemailer.createTransport`. */
export interface MailroomTransport {
  name: string
  version: string
  send(mail: CompiledMail, callback: (error: Error | null, info: MailroomSentInfo) => void): void
  /** Resolves when the store answers; mail servers are tried by `connections.verify`. */
  verify(callback?: (error: Error | null, isReady: true) => void): Promise<true> | undefined
  close(): void
}

interface TransportOptions {
  readonly connection: string
  readonly version: string
  readonly mailroom: Mailroom
  /** Whether `close` closes the mailroom too. */
  readonly ownsMailroom: boolean
}

/** What nodemailer's SMTP transports take from a message and a queued mail cannot keep. */
const UNSUPPORTED = ['auth'] as const

/**
 * Makes a transport that enqueues each mail as nodemailer built it, byte for byte.
 *
 * `send` fails with what `Mailroom.send` throws, and with `UnsupportedMailOptionError`.
 */
export function createNodemailerTransport(options: TransportOptions): MailroomTransport {
  const { connection, version, mailroom, ownsMailroom } = options
  return {
    name: 'Mailroom',
    version,
    send: (mail, callback) => settle(enqueue(mail, connection, mailroom), callback),
    verify: (callback) => {
      const asked = mailroom.status(connection).then((): true => true)
      if (callback === undefined) return asked
      settle(asked, callback)
      return undefined
    },
    close: () => {
      if (ownsMailroom) void mailroom.close()
    },
  }
}

async function enqueue(
  { data, message }: CompiledMail,
  usual: string,
  mailroom: Mailroom,
): Promise<MailroomSentInfo> {
  const { connection = usual, ...options } = { ...wishesOf(data), ...optionsOf(data) }
  refuseUnsupported(data)
  const { from, to } = message.getEnvelope()
  if (options.idempotencyKey !== undefined && !hasMessageId(data)) {
    // One mail has one Message-ID, however often it is built.
    const id = jobIdOfKey(options.idempotencyKey)
    message.setHeader('Message-ID', messageIdOf(id, from || undefined))
  }
  const chunks: Buffer[] = []
  for await (const chunk of message.createReadStream()) chunks.push(Buffer.from(chunk))
  const content = Buffer.concat(chunks)
  const { id, isNew } = await mailroom.send({
    connection,
    // Nodemailer's own SMTP transport mends what stands alone on the wire.
    raw: { content, lineEnds: 'crlf' },
    // No sender at all is the null sender, as for bounces and automatic replies.
    envelope: { to: [...to], from: from === false ? '' : from },
    options: {
      ...options,
      ...(options.idempotencyKey !== undefined && {
        fingerprint: options.fingerprint ?? fingerprintOf(content, message.baseBoundary),
      }),
    },
  })
  return {
    envelope: { from, to: [...to] },
    messageId: message.messageId(),
    id,
    isNew,
    accepted: [...to],
    rejected: [],
    pending: [],
    response: `queued as ${id}`,
  }
}

/** Whatever stands there is checked with the rest of the request. */
function optionsOf(data: object): MailroomMailOptions {
  const given: unknown = Reflect.get(data, 'mailroom')
  return typeof given === 'object' && given !== null ? given : {}
}

/** What nodemailer itself knows to ask of servers; what `mailroom` says instead counts. */
function wishesOf(data: object): MailroomMailOptions {
  const dsn: unknown = Reflect.get(data, 'dsn')
  return {
    ...(typeof dsn === 'object' && dsn !== null && { dsn: readNodemailerDsn(dsn) }),
    ...(Reflect.get(data, 'requireTLSExtensionEnabled') === true && { requireTls: true }),
  }
}

/** Whether the caller chose one; nodemailer has made one up by now in any case. */
function hasMessageId(data: object): boolean {
  const headers: unknown = Reflect.get(data, 'headers')
  const names = typeof headers === 'object' && headers !== null ? Object.keys(headers) : []
  return (
    Boolean(Reflect.get(data, 'messageId') ?? Reflect.get(data, 'raw')) ||
    Array.isArray(headers) ||
    names.some((name) => name.toLowerCase() === 'message-id')
  )
}

/** Left out silently, these would be a promise that nobody keeps. */
function refuseUnsupported(data: object): void {
  const given = UNSUPPORTED.filter((name) => Boolean(Reflect.get(data, name)))
  if (given.length > 0) throw new UnsupportedMailOptionError(given)
}

/** Nodemailer knows callbacks only; what the callback throws is the callback's. */
function settle<T>(promise: Promise<T>, callback: (error: Error | null, value: T) => void): void {
  promise.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  )
}
