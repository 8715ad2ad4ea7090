import { once } from 'node:events'
import { TLSSocket } from 'node:tls'
import type { PeerCertificate, TlsOptions } from 'node:tls'

import { SMTPServer } from 'smtp-server'
import type { SMTPServerOptions } from 'smtp-server'

import type { Certificate } from './certificate.ts'
import { portOf } from './port-of.ts'

/** One message that the server took. */
interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** As the sender had it: without the doubled dots and the final one. */
  readonly body: Buffer
  /** The parameters of MAIL FROM in upper case: `SIZE`, `BODY`, `SMTPUTF8`. */
  readonly parameters: Readonly<Record<string, string | boolean>>
  readonly secure: boolean
  readonly user: string | undefined
  /** The same for all messages of one connection. */
  readonly session: string
}

/** What a client said of itself while TLS began. */
interface Handshake {
  readonly protocol: string
  /** The server name that the client asked for (SNI); false for none. */
  readonly serverName: string | false
  /** The name in the client's certificate; undefined when it showed none. */
  readonly client: string | undefined
}

/** An answer other than the good one; the text may begin with an enhanced status code. */
interface Refusal {
  readonly code: number
  readonly text: string
}

export interface SmtpServerOptions {
  /** A free one by default. */
  readonly port?: number
  /** Passwords by user; without it the server offers no AUTH. */
  readonly users?: Readonly<Record<string, string>>
  /** Whether an access token lets somebody send as `user`: with it the server offers XOAUTH2. */
  readonly checkToken?: (token: string, user: string) => Promise<boolean>
  /** The AUTH mechanisms on offer; `PLAIN` and `LOGIN` by default. */
  readonly mechanisms?: readonly string[]
  /** With it the server offers STARTTLS, or TLS from the first byte. */
  readonly tls?: {
    readonly mode: 'starttls' | 'implicit'
    readonly certificate: Certificate
    /** What else its TLS is like: old, choosy about clients. */
    readonly options?: TlsOptions
  }
  /** 100 MB by default. */
  readonly maxBytes?: number
  readonly hides?: readonly ('PIPELINING' | 'SMTPUTF8' | '8BITMIME')[]
  /** Offered over TLS alone (RFC 8689); not by default. */
  readonly offersRequireTls?: boolean
  readonly refuseRecipient?: (address: string) => Refusal | undefined
  /** Asked when the whole message has come; the message is not kept then. */
  readonly refuseMessage?: (mail: ReceivedMail) => Refusal | undefined
  /** Awaited before the final reply; the message is kept already. */
  readonly beforeReply?: (mail: ReceivedMail) => Promise<void>
}

/** A real SMTP server on loopback, on a free port, that keeps what it takes in memory. */
export interface TestSmtpServer extends AsyncDisposable {
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** Connections that were opened since the start. */
  readonly connections: number
  /** Connections that are open now. */
  readonly open: number
  /** The most that were ever open together. */
  readonly mostOpen: number
  /** Logins that were tried. */
  readonly logins: number
  /** What TLS handshakes came to, in order. */
  readonly handshakes: readonly Handshake[]
  /** Closes every open connection without a word. */
  readonly dropConnections: () => void
}

/** Starts the server; it stops when disposed. */
export async function startSmtpServer(options: SmtpServerOptions = {}): Promise<TestSmtpServer> {
  const mails: ReceivedMail[] = []
  const handshakes: Handshake[] = []
  const counts = { connections: 0, open: 0, mostOpen: 0, logins: 0 }
  const server = new SMTPServer({
    ...serverOptions(options),
    onConnect: (_session, callback) => {
      counts.connections++
      counts.open++
      counts.mostOpen = Math.max(counts.mostOpen, counts.open)
      callback()
    },
    onSecure: (socket, _session, callback) => {
      if (!(socket instanceof TLSSocket)) throw new TypeError('expected a socket with TLS')
      handshakes.push({
        protocol: socket.getProtocol() ?? '',
        serverName: serverNameOf(socket),
        client: clientOf(socket),
      })
      callback()
    },
    onClose: () => {
      counts.open--
    },
    onAuth: (attempt, _session, callback) => {
      const { username = '', password, accessToken } = attempt
      counts.logins++
      if (accessToken !== undefined) {
        const refusal = { data: { status: '401', schemes: 'bearer', scope: 'mail.send' } }
        const answer = async (): Promise<void> => {
          const isGood = await options.checkToken?.(accessToken, username)
          callback(null, isGood ? { user: username } : refusal)
        }
        void answer()
        return
      }
      const expected = options.users?.[username]
      const isRight =
        expected !== undefined &&
        (password === undefined ? attempt.validatePassword(expected) : password === expected)
      if (isRight) callback(null, { user: username })
      else callback(errorOf({ code: 535, text: '5.7.8 Authentication credentials invalid' }))
    },
    onRcptTo: ({ address }, _session, callback) => {
      const refusal = options.refuseRecipient?.(address)
      callback(refusal === undefined ? null : errorOf(refusal))
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const mail: ReceivedMail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          body: Buffer.concat(chunks),
          parameters: mailFrom === false ? {} : { ...mailFrom.args },
          secure: session.secure,
          user: typeof session.user === 'string' ? session.user : undefined,
          session: session.id,
        }
        const refusal = options.refuseMessage?.(mail)
        if (refusal === undefined) mails.push(mail)
        const answer = (): void => callback(refusal === undefined ? null : errorOf(refusal))
        if (options.beforeReply === undefined) answer()
        else void options.beforeReply(mail).then(answer)
      })
    },
  })
  // A client that goes away without QUIT is what many tests are about.
  server.on('error', () => {})
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: portOf(server.server),
    mails,
    handshakes,
    get connections() {
      return counts.connections
    },
    get open() {
      return counts.open
    },
    get mostOpen() {
      return counts.mostOpen
    },
    get logins() {
      return counts.logins
    },
    dropConnections: () => {
      for (const connection of server.connections) connection._socket.destroy()
    },
    [Symbol.asyncDispose]: async () => {
      for (const connection of server.connections) connection._socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(resolve)
      })
    },
  }
}

/** Typed as a text, and false where the client named no server. */
function serverNameOf({ servername }: TLSSocket): string | false {
  return servername as string | false
}

function clientOf(socket: TLSSocket): string | undefined {
  const { subject } = socket.getPeerCertificate() as Partial<PeerCertificate>
  return [subject?.CN].flat()[0]
}

function serverOptions(options: SmtpServerOptions): SMTPServerOptions {
  const { users, checkToken, tls, hides = [] } = options
  const hasLogins = users !== undefined || checkToken !== undefined
  return {
    ...(tls && { key: tls.certificate.key, cert: tls.certificate.cert, ...tls.options }),
    secure: tls?.mode === 'implicit',
    hideSTARTTLS: tls?.mode !== 'starttls',
    authMethods: [...(options.mechanisms ?? (users ? ['PLAIN', 'LOGIN'] : ['XOAUTH2']))],
    authOptional: !hasLogins,
    allowInsecureAuth: true,
    disabledCommands: hasLogins ? [] : ['AUTH'],
    disableReverseLookup: true,
    size: options.maxBytes ?? 100_000_000,
    hidePIPELINING: hides.includes('PIPELINING'),
    hideSMTPUTF8: hides.includes('SMTPUTF8'),
    hideREQUIRETLS: options.offersRequireTls !== true,
    hide8BITMIME: hides.includes('8BITMIME'),
    closeTimeout: 1000,
  }
}

function errorOf({ code, text }: Refusal): Error {
  return Object.assign(new Error(text), { responseCode: code })
}
