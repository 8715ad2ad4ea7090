import type { Connections } from '../connections/connections.ts'
import type { Verification, VerificationStep } from '../connections/verify.ts'
import { inTurns } from './in-turns.ts'

/** How far a connection manager can be used, and what to do when it cannot. */
export interface Verified extends Verification {
  readonly advice?: string
}

export interface VerifyAllOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** How long one may take. */
  readonly timeoutMs: number
}

/** So many are tried at once: a server that counts logins must not see all of them together. */
const AT_ONCE = 5

/**
 * Tries each of `names`, a group's members each once: connects, logs in and says QUIT. Throws
 * `UnknownConnectionError`.
 */
export async function verifyConnections(
  connections: Connections,
  names: readonly string[],
  { env, timeoutMs }: VerifyAllOptions,
): Promise<readonly Verified[]> {
  const managers = names.flatMap((name) => connections.members(name).map((member) => member.name))
  return inTurns([...new Set(managers)], AT_ONCE, async (name) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const verification = await connections.verify(name, { env, signal })
    const failed = verification.steps.find(({ ok }) => !ok)
    return { ...verification, ...(failed && { advice: adviceFor(failed) }) }
  })
}

const ADVICE: Readonly<Partial<Record<VerificationStep['step'], string>>> = {
  secrets: 'set the variable, or let this user read the file',
  connect: 'check `server` and `port`, that the server runs, and the firewall between',
  tls: 'check that `port` speaks TLS from the first byte, and the certificate (`tlsOptions`)',
  greeting:
    'check `port` and `tls`: port 465 needs "implicit", ports 587 and 25 "starttls" or "none"',
  ehlo: "ask the server's operator whether it takes mail from this machine; see `clientName`",
  starttls: 'check that the server offers STARTTLS, and the certificate (`tlsOptions`)',
  auth: 'check user and password, and that the account may send by SMTP; then "connections resume"',
}

function adviceFor({ step }: VerificationStep): string {
  return ADVICE[step] ?? 'see what the server says'
}
