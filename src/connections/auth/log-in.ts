import type { X509Certificate } from 'node:crypto'

import type { Fault } from '../../smtp/fault.ts'
import type { ResolvedManager } from '../secrets.ts'
import { logInBasic } from './basic-login.ts'
import type { Kerberos } from './kerberos/kerberos.ts'
import type { Mechanism } from './mechanism.ts'
import type { Secret } from '../secret.ts'
import { logInOAuth2 } from './oauth2-login.ts'
import type { Tokens } from './oauth2/tokens.ts'
import { logInWindows } from './windows-login.ts'

/** A session on which EHLO was answered. */
export interface LoginContext {
  /** The connection manager's name. */
  readonly manager: string
  /** The host that the connection manager names. */
  readonly server: string
  /** Whether TLS hides what is said, and the server has proved who it is. */
  readonly isSecure: boolean
  /** Whether the connection manager says `tls: "none"`; not where TLS was tried and failed. */
  readonly isPlainMeant: boolean
  /** The server's, over TLS; whether it was verified, `isSecure` says. */
  readonly certificate: X509Certificate | undefined
  /** The mechanisms that the server offers, in upper case. */
  readonly offered: readonly string[]
  /** The access tokens of this process. */
  readonly tokens: Tokens
  /** The Kerberos library, as whoever logs in with it in this process; by default as nobody else. */
  readonly kerberos: Kerberos | undefined
  /** Takes a secret that was got meanwhile out of whatever is told of this login. */
  readonly hide: (secret: Secret) => void
  /** Ends with the login. */
  readonly signal: AbortSignal
  /** Runs one exchange; resolves with the fault that ended it, if any. */
  readonly run: (mechanism: Mechanism) => Promise<Fault | undefined>
}

/** Logs in by the method of the connection manager. A new method is a case and a file here. */
export async function logIn(
  { credentials }: ResolvedManager,
  context: LoginContext,
): Promise<Fault | undefined> {
  switch (credentials.method) {
    case 'anonymous':
      return undefined
    case 'basic':
      return logInBasic(credentials, context)
    case 'windows':
      return logInWindows(credentials, context)
    case 'oauth2':
      return logInOAuth2(credentials, context)
  }
}
