import type { Fault } from '../../smtp/fault.ts'
import type { LoginContext } from './log-in.ts'
import { authFault } from './mechanism.ts'

/** Why `what` is not said on a session that is plain, or whose server has not proved who it is. */
export function insecureLogin(
  what: 'a password' | 'a token' | 'a Windows login',
  { certificate }: Pick<LoginContext, 'certificate'>,
): Fault {
  const permission = what === 'a Windows login' ? '' : ', or set `allowInsecureAuth: true`'
  if (certificate === undefined) {
    return authFault(
      `${what} is not sent over a plain session: use TLS${permission}`,
      'PLAIN_SESSION',
    )
  }
  return authFault(
    `${what} is not sent to a server whose certificate is not verified: use \`tls: "starttls"\`, ` +
      `put its authority into tlsOptions.ca${permission}`,
    'UNVERIFIED_SERVER',
  )
}
