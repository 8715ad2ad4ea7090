import type { Reply } from './reply.ts'
import type { Stage } from './stage.ts'

/** What a message may need of a server, by the name of its rule; `mailbox`: addresses that are none. */
export const LACKS = ['size', 'smtputf8', '8bitmime', 'dsn', 'requiretls', 'mailbox'] as const

export type Lack = (typeof LACKS)[number]

/**
 * Why a session or a transaction did not go on: the server's negative reply, or no reply at all.
 *
 * | kind | meaning |
 * |---|---|
 * | `reply` | the server answered with a code that does not let this stage go on |
 * | `timeout` | the time of the stage, or of the whole transaction, ran out |
 * | `closed` | the server or the network closed the connection |
 * | `dns` | the server's name has no address |
 * | `refused` | nobody listens, or no route |
 * | `tls` | the handshake failed, or the certificate is not trusted, or STARTTLS is not offered |
 * | `auth` | no mechanism in common, or a credential that cannot be read: nothing was sent |
 * | `protocol` | bytes that are no SMTP reply, or a reply of a class that makes no sense here |
 * | `unsupported` | the server lacks an extension that this message needs (`SIZE`, `SMTPUTF8`, `REQUIRETLS`) |
 * | `aborted` | we ended it ourselves: shutdown, lost lock |
 */
export type Fault =
  | { readonly kind: 'reply'; readonly stage: Stage; readonly reply: Reply }
  | {
      readonly kind: FaultKind
      readonly stage: Stage
      readonly detail: string
      /** What exactly, for programs: a code of Node or OpenSSL such as `ECONNREFUSED`, or a word of ours. */
      readonly cause?: string
      /** What is `unsupported`; absent when that is not known any more. */
      readonly lacks?: Lack
    }

export type FaultKind =
  'timeout' | 'closed' | 'dns' | 'refused' | 'tls' | 'auth' | 'protocol' | 'unsupported' | 'aborted'
