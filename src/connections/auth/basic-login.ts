import type { Fault } from '../../smtp/fault.ts'
import type { BasicCredentials, BasicMechanism } from './basic.ts'
import { BASIC_MECHANISMS } from './basic.ts'
import type { LoginContext } from './log-in.ts'
import { authFault } from './mechanism.ts'
import type { Mechanism } from './mechanism.ts'
import { cramMd5 } from './mechanisms/cram-md5.ts'
import { login } from './mechanisms/login.ts'
import { plain } from './mechanisms/plain.ts'
import { scramSha256 } from './mechanisms/scram.ts'
import { noCommonMechanism } from './no-common-mechanism.ts'

const MECHANISMS: Readonly<Record<BasicMechanism, (credentials: BasicCredentials) => Mechanism>> = {
  'SCRAM-SHA-256': scramSha256,
  'CRAM-MD5': cramMd5,
  PLAIN: plain,
  LOGIN: login,
}

/**
 * Logs in with a user's name and password, by the strongest mechanism that both sides have, or by the
 * one that is demanded. Sends nothing when the server offers none of them, or over a plain session
 * that was not allowed, or to a server that has not proved who it is.
 */
export async function logInBasic(
  credentials: BasicCredentials,
  { isSecure, certificate, offered, run }: LoginContext,
): Promise<Fault | undefined> {
  if (!isSecure && !credentials.allowInsecureAuth) {
    return certificate === undefined ? PLAIN_SESSION : UNVERIFIED_SERVER
  }
  const wanted = credentials.mechanism === undefined ? BASIC_MECHANISMS : [credentials.mechanism]
  const name = wanted.find((mechanism) => offered.includes(mechanism))
  if (name === undefined) return noCommonMechanism(offered, wanted)
  return run(MECHANISMS[name](credentials))
}

const PLAIN_SESSION = authFault(
  'a password is not sent over a plain session: use TLS, or set `allowInsecureAuth: true`',
  'PLAIN_SESSION',
)

const UNVERIFIED_SERVER = authFault(
  'a password is not sent to a server whose certificate is not verified: use `tls: "starttls"`, ' +
    'put its authority into tlsOptions.ca, or set `allowInsecureAuth: true`',
  'UNVERIFIED_SERVER',
)
