import { constants } from 'node:crypto'
import type { ConnectionOptions } from 'node:tls'

import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import type { Exchanger } from './auth/exchange.ts'
import type { LoginProgress } from './login-progress.ts'
import type { ResolvedManager } from './secrets.ts'
import { isLeftToNode } from './server-proof.ts'

/** Longer than any step: ours are the time-outs that count, for only they know the stage. */
const NEVER_MS = 2 ** 31 - 1

/** Node's own least. */
const MIN_ATTEMPT_MS = 10

/** Makes nodemailer's connection for one login; it does not connect yet. */
export function createConnection(
  Connection: typeof SMTPConnection,
  resolved: ResolvedManager,
  { logger, customAuth }: Pick<LoginProgress, 'logger'> & Pick<Exchanger, 'customAuth'>,
): SMTPConnection {
  const { server, port, tls, tlsOptions, timeouts, clientName } = resolved.manager
  const connection = new Connection({
    host: server,
    port,
    name: clientName,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    servername: tlsOptions.serverName,
    tls: tlsOf(resolved),
    dnsTimeout: timeouts.connect,
    connectionTimeout: NEVER_MS,
    greetingTimeout: NEVER_MS,
    socketTimeout: NEVER_MS,
    socketCloseTimeout: 0,
    logger,
    transactionLog: true,
    customAuth,
  })
  shareConnectTime(connection, timeouts.connect)
  return connection
}

/** The options with which nodemailer makes its socket, as far as they are looked at here. */
interface DialOptions {
  /** Absent for a single address, and where there are IPv4 and IPv6: then Node has one. */
  readonly autoSelectFamilyAttemptTimeout?: number
}

/**
 * Gives each address of a name its share of `connectMs`, so that a silent one leaves time for the
 * next.
 *
 * nodemailer gives each its share of `connectionTimeout`, which cannot be ours: it ends the
 * greeting and STARTTLS as well. No option of it tells the two apart.
 */
function shareConnectTime(connection: SMTPConnection, connectMs: number): void {
  const dial: unknown = Reflect.get(connection, '_connectToHost')
  if (typeof dial !== 'function') return
  const deadline = Date.now() + connectMs
  Reflect.set(connection, '_connectToHost', (options: DialOptions, isSecure: boolean) => {
    const { autoSelectFamilyAttemptTimeout: share } = options
    const ours = share && {
      autoSelectFamilyAttemptTimeout: shareOf(deadline - Date.now(), Math.round(NEVER_MS / share)),
    }
    Reflect.apply(dial, connection, [{ ...options, ...ours }, isSecure])
  })
}

function shareOf(ms: number, count: number): number {
  return Math.max(Math.floor(ms / count), MIN_ATTEMPT_MS)
}

function tlsOf({ manager, ca, clientCertificate }: ResolvedManager): ConnectionOptions {
  const { minVersion, legacy } = manager.tlsOptions
  return {
    ca,
    minVersion,
    rejectUnauthorized: isLeftToNode(manager),
    ...(clientCertificate && {
      cert: clientCertificate.cert,
      key: clientCertificate.key.reveal(),
      passphrase: clientCertificate.passphrase?.reveal(),
    }),
    ...(legacy && LEGACY),
  }
}

/**
 * OpenSSL 3 speaks TLS 1.0 and 1.1 on its lowest level of security only, whatever the versions say,
 * and to a server without secure renegotiation (RFC 5746), as most of that age are, not unasked.
 */
const LEGACY: ConnectionOptions = {
  ciphers: 'DEFAULT@SECLEVEL=0',
  secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
}
