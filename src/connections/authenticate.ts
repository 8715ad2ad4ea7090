import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import type { Fault } from '../smtp/fault.ts'
import type { Exchanger } from './auth/exchange.ts'
import { logIn } from './auth/log-in.ts'
import type { LoginContext } from './auth/log-in.ts'
import { authFault } from './auth/mechanism.ts'
import type { Mechanism } from './auth/mechanism.ts'
import { parseExtensions } from './extensions.ts'
import type { Extensions } from './extensions.ts'
import { peerCertificate } from './peer-certificate.ts'
import type { ResolvedManager } from './secrets.ts'
import { isProven } from './server-proof.ts'
import { securityOf } from './session-security.ts'
import type { SessionSecurity } from './session-security.ts'

/** A manager as it is tried: perhaps without TLS, though it was meant to have it. */
export type Attempt = ResolvedManager & Pick<LoginContext, 'isPlainMeant'>

/** What is known of a session that is logged in. */
export interface LoggedIn {
  readonly extensions: Extensions
  readonly isSecure: boolean
  readonly security: SessionSecurity
}

/** What a login needs besides the manager. */
interface LoginPlace extends Pick<LoginContext, 'tokens' | 'kerberos' | 'hide' | 'signal'> {
  readonly connection: SMTPConnection
  readonly exchanger: Exchanger
}

/** Logs in where nodemailer has connected, or tells why not; what we did not foresee is a fault too. */
export async function authenticate(
  resolved: Attempt,
  { connection, exchanger, ...place }: LoginPlace,
  done: (fault: Fault | undefined, session: LoggedIn) => void,
): Promise<void> {
  const extensions = parseExtensions(lastAnswer(connection))
  const security = securityOf(connection._socket, (socket) =>
    isProven(socket, resolved.manager.tlsOptions),
  )
  const session = { extensions, isSecure: security.kind === 'tls', security }
  try {
    const run = (mechanism: Mechanism) => exchanger.run(connection, mechanism)
    const { name, server } = resolved.manager
    const context = {
      ...place,
      manager: name,
      server,
      isSecure: security.kind === 'tls' && security.isVerified,
      isPlainMeant: resolved.isPlainMeant,
      certificate: certificateOf(connection._socket),
      offered: extensions.auth,
      run,
    }
    done(await logIn(resolved, context), session)
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown'
    done(authFault(`the login failed on our side: ${name}`), session)
  }
}

function certificateOf(socket: Socket | null | false): X509Certificate | undefined {
  return socket instanceof TLSSocket ? peerCertificate(socket) : undefined
}

/** What the server said last, as nodemailer keeps it. */
export function lastAnswer({ lastServerResponse }: SMTPConnection): string {
  return typeof lastServerResponse === 'string' ? lastServerResponse : ''
}
