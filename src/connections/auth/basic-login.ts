import type { Fault } from '../../smtp/fault.ts'
import type { BasicCredentials, BasicMechanism } from './basic.ts'
import { BASIC_MECHANISMS } from './basic.ts'
import { insecureLogin } from './insecure-login.ts'
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
  context: LoginContext,
): Promise<Fault | undefined> {
  const { isSecure, offered, run } = context
  if (!isSecure && !credentials.allowInsecureAuth) {
    return insecureLogin('a password', context)
  }
  const wanted = credentials.mechanism === undefined ? BASIC_MECHANISMS : [credentials.mechanism]
  const name = wanted.find((mechanism) => offered.includes(mechanism))
  if (name === undefined) return noCommonMechanism(offered, wanted)
  const { user, password } = credentials
  if (`${user.reveal()}${password.reveal()}`.includes('\0')) return HOLDS_NUL
  return run(MECHANISMS[name](credentials))
}

/** No mechanism can carry it to a server that ends texts with it; nobody has such a password. */
const HOLDS_NUL = authFault(
  'user or password hold a NUL character: is the file that it comes from UTF-16? It has to be UTF-8',
)
