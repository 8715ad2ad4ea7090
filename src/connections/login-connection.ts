import { constants } from 'node:crypto'
import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import type { ConnectionOptions, PeerCertificate } from 'node:tls'

import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import type { Exchanger } from './auth/exchange.ts'
import type { LoginProgress } from './login-progress.ts'
import type { ResolvedManager } from './secrets.ts'
import { isLeftToNode } from './server-proof.ts'

/** Longer than any step: ours are the time-outs that count, for only they know the stage. */
const NEVER_MS = 2 ** 31 - 1

/** Makes nodemailer's connection for one login over `socket`, on which nothing was said yet. */
export function createConnection(
  Connection: typeof SMTPConnection,
  resolved: ResolvedManager,
  socket: Socket,
  { logger, customAuth }: Pick<LoginProgress, 'logger'> & Pick<Exchanger, 'customAuth'>,
): SMTPConnection {
  const { server, port, tls, tlsOptions, clientName } = resolved.manager
  return new Connection({
    connection: socket,
    host: server,
    port,
    name: clientName,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    servername: nameToAskFor(tlsOptions.serverName ?? server),
    tls: tlsOf(resolved),
    connectionTimeout: NEVER_MS,
    greetingTimeout: NEVER_MS,
    socketTimeout: NEVER_MS,
    socketCloseTimeout: 0,
    logger,
    transactionLog: true,
    customAuth,
  })
}

/** What SNI has: no address, and no dot at its end (RFC 6066 §3). */
function nameToAskFor(name: string): string | undefined {
  return isIP(name) === 0 ? name.replace(/\.$/, '') : undefined
}

/** What our side of a handshake is made of. */
export function tlsOf({ manager, ca, clientCertificate }: ResolvedManager): ConnectionOptions {
  const { minVersion, legacy, serverName } = manager.tlsOptions
  return {
    ca,
    minVersion,
    rejectUnauthorized: isLeftToNode(manager),
    ...(serverName !== undefined && {
      checkServerIdentity: (_: string, shown: PeerCertificate) =>
        checkServerIdentity(serverName, shown),
    }),
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
