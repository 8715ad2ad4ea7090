import type { Tokens } from '../connections/auth/oauth2/tokens.ts'
import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { Connections } from '../connections/connections.ts'
import type { TriedEnvelope } from '../connections/envelope-trial.ts'
import type { Verification } from '../connections/verification.ts'
import type { UserRule } from '../smtp/rules/user-rule.ts'
import { inTurns } from './in-turns.ts'

/** How far a connection manager can be used, and how long its server's certificate lasts. */
export interface Verified extends Verification {
  /** Whole days until it ends; negative when it has ended, absent when none was shown. */
  readonly certificateDaysLeft?: number
  /** The same of the certificate that we show; absent when we show none. */
  readonly clientCertificateDaysLeft?: number
}

export interface VerifyAllOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** How long one may take. */
  readonly timeoutMs: number
  /** Those of the workers, for who logs in with a refresh token. */
  readonly tokens: Tokens
  /** The server is asked about it as well. */
  readonly envelope?: TriedEnvelope | undefined
  readonly rules?: readonly UserRule[]
}

/** So many are tried at once: a server that counts logins must not see all of them together. */
const AT_ONCE = 5

const DAY_MS = 86_400_000

/**
 * Tries each of `names`, a group's members each once: connects, logs in and says QUIT. Throws
 * `UnknownConnectionError`.
 */
export async function verifyConnections(
  connections: Connections,
  names: readonly string[],
  { env, timeoutMs, tokens, envelope, rules }: VerifyAllOptions,
): Promise<readonly Verified[]> {
  const managers = names.flatMap((name) => connections.members(name).map((member) => member.name))
  return inTurns([...new Set(managers)], AT_ONCE, async (name) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const verification = await connections.verify(name, {
      env,
      signal,
      envelope,
      rules,
      ...(needsStore(connections.get(name)) && { tokens }),
    })
    const certificate = certificateOf(verification)
    const { clientCertificate } = verification
    return {
      ...verification,
      ...(certificate && { certificateDaysLeft: daysLeft(certificate) }),
      ...(clientCertificate && { clientCertificateDaysLeft: daysLeft(clientCertificate) }),
    }
  })
}

function daysLeft({ validTo }: { readonly validTo: Date }): number {
  return Math.floor((validTo.getTime() - Date.now()) / DAY_MS)
}

/** Whether a login uses up what the workers keep in the store. */
function needsStore({ auth }: ConnectionManager): boolean {
  return auth.method === 'oauth2' && auth.grant === 'refresh-token'
}

/** The certificate that the server showed, also when nothing came of it. */
export function certificateOf({ security, certificate }: Verification) {
  return security?.kind === 'tls' ? security.certificate : certificate
}

/** Whether an expired certificate proves who the server is all the same: only a pinned one can. */
export function isPinnedExpired({ security, certificateDaysLeft = 0 }: Verified): boolean {
  return certificateDaysLeft < 0 && security?.kind === 'tls' && security.isVerified
}
