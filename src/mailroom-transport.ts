import { createMailroom, type MailroomHooks } from './create-mailroom.ts'
import type { Mailroom } from './producer/mailroom.ts'
import {
  createNodemailerTransport,
  type MailroomTransport,
} from './producer/nodemailer-transport.ts'
import type { ConfigSource } from './read-config.ts'
import { readVersion } from './version.ts'

/** Where the mail of a transport goes: to a mailroom of its own, or to one that is there already. */
export type MailroomTransportOptions<Name extends string = string> =
  | (ConfigSource<Name> & OfTransport<Name> & { readonly mailroom?: undefined })
  | (OfTransport<Name> & { readonly mailroom: Mailroom<Name> })

interface OfTransport<Name extends string> {
  /** The connection manager of every mail that names no other. */
  readonly connection: NoInfer<Name>
}

/**
 * Creates a transport for `nodemailer.createTransport`: whatever sends with nodemailer enqueues
 * instead, and what arrives is what nodemailer would have sent.
 *
 * `sendMail` takes `mailroom: { connection, idempotencyKey, delay, sendAt, notAfter, priority }`
 * beside nodemailer's own properties, and its answer has `id`. `close` closes a mailroom of the
 * transport's own. Throws `InvalidConfigurationError` with all problems, and
 * `UnknownConnectionError`.
 */
export function mailroomTransport<Name extends string>(
  options: MailroomTransportOptions<Name>,
  hooks: MailroomHooks = {},
): MailroomTransport {
  const { connection } = options
  const shared = { connection, version: readVersion() }
  if (options.mailroom !== undefined) {
    return createNodemailerTransport({ ...shared, mailroom: options.mailroom, ownsMailroom: false })
  }
  const { connection: _usual, mailroom: _none, ...config } = options
  const mailroom = createMailroom<Name>(config, hooks)
  return createNodemailerTransport({ ...shared, mailroom, ownsMailroom: true })
}
