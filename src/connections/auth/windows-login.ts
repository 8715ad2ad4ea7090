import type { Fault } from '../../smtp/fault.ts'
import { tlsServerEndPoint } from './channel-binding.ts'
import { openKerberos } from './kerberos/client.ts'
import { kerberosOf } from './kerberos/kerberos.ts'
import { insecureLogin } from './insecure-login.ts'
import type { LoginContext } from './log-in.ts'
import { authFault } from './mechanism.ts'
import { gssapi } from './mechanisms/gssapi.ts'
import { ntlm } from './mechanisms/ntlm.ts'
import { noCommonMechanism } from './no-common-mechanism.ts'
import { describeAccountProblem, parseAccount } from './windows-account.ts'
import type { WindowsCredentials } from './windows.ts'

/**
 * Logs in as Windows does: by Kerberos when there is a ticket for the server, else by NTLM.
 *
 * Goes on from one to the other only while nothing was said to the server, and never on to a session
 * without a login. Says nothing where TLS was meant and is not there, or the server has not proved who
 * it is: an answer of NTLM is enough to guess the password by.
 */
export async function logInWindows(
  credentials: WindowsCredentials,
  context: LoginContext,
): Promise<Fault | undefined> {
  const { mechanism, user } = credentials
  const { offered, run, server, signal, isSecure, isPlainMeant } = context
  if (!isSecure && !isPlainMeant) return insecureLogin('a Windows login', context)
  const problem = user && describeAccountProblem(user.reveal())
  if (problem !== undefined) return authFault(`\`user\`: ${problem}`)
  if (mechanism === 'ntlm') return logInByNtlm(credentials, context)
  const others = mechanism === 'negotiate' && hasPassword(credentials) && offered.includes('NTLM')
  if (!offered.includes('GSSAPI')) {
    if (others) return logInByNtlm(credentials, context)
    return noCommonMechanism(offered, mechanism === 'kerberos' ? ['GSSAPI'] : wanted(credentials))
  }
  const kerberos = context.kerberos ?? kerberosOf(signal)
  const opened = await openKerberos(credentials, { server, signal, kerberos })
  if (opened.kind === 'open') return run(gssapi(opened))
  return others ? logInByNtlm(credentials, context) : opened.fault
}

async function logInByNtlm(
  { user, password, spn }: WindowsCredentials,
  { offered, run, server, certificate }: LoginContext,
): Promise<Fault | undefined> {
  if (!offered.includes('NTLM')) return noCommonMechanism(offered, ['NTLM'])
  if (user === undefined || password === undefined) {
    return authFault('NTLM needs `user` and `password`: the account of this process is not enough')
  }
  const identity = { ...parseAccount(user.reveal()), password: password.reveal() }
  return run(
    ntlm(identity, {
      targetName: spn ?? `SMTPSVC/${server}`,
      channelBinding: certificate && tlsServerEndPoint(certificate),
    }),
  )
}

function hasPassword({ user, password }: WindowsCredentials): boolean {
  return user !== undefined && password !== undefined
}

function wanted(credentials: WindowsCredentials): readonly string[] {
  return hasPassword(credentials) ? ['GSSAPI', 'NTLM'] : ['GSSAPI']
}
