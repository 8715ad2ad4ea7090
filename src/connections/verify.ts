import { isMailroomError } from '../errors.ts'
import type { Fault } from '../smtp/fault.ts'
import { describeAuth } from './auth/auth.ts'
import { NO_SHELF } from './auth/oauth2/token-shelf.ts'
import { createTokens } from './auth/oauth2/tokens.ts'
import type { Validity } from './certificates.ts'
import type { ConnectionManager } from './connection-manager.ts'
import type { VerifyOptions } from './connections.ts'
import { SecretUnavailableError } from './errors.ts'
import { describeFault, inTime, toDo } from './failed-step.ts'
import { createLoginTrail } from './login-trail.ts'
import type { LoginTrail } from './login-trail.ts'
import { openLogin } from './login.ts'
import { remedyFor } from './remedies/find.ts'
import { remedyForSecret } from './remedies/secrets.ts'
import { resolveSecrets } from './secrets.ts'
import type { ResolvedManager } from './secrets.ts'
import { describeCertificate } from './session-security.ts'
import { openSession } from './session.ts'
import type { Verification, VerificationStep } from './verification.ts'
import { verifyEnvelope } from './verify-envelope.ts'

type Findings = Omit<Verification, 'connection' | 'ok' | 'ms'>

/**
 * Resolves `manager`, opens one session, asks about the envelope if there is one, and closes it with
 * QUIT; rejects for bugs only.
 */
export async function verifyManager(
  manager: ConnectionManager,
  options: VerifyOptions,
): Promise<Verification> {
  const begun = performance.now()
  const findings = await findOut(manager, options)
  return {
    connection: manager.name,
    ok: findings.steps.every((step) => step.ok),
    ...findings,
    ms: msSince(begun),
  }
}

async function findOut(manager: ConnectionManager, options: VerifyOptions): Promise<Findings> {
  const begun = performance.now()
  let resolved: ResolvedManager
  try {
    resolved = await resolveSecrets(manager, options)
  } catch (error) {
    if (!isMailroomError(error)) throw error
    const step: VerificationStep = {
      step: 'secrets',
      ok: false,
      ms: msSince(begun),
      detail: error.message,
    }
    const flaw = error instanceof SecretUnavailableError ? error.flaw : undefined
    return { steps: [step], ...toDo(remedyForSecret(flaw)) }
  }
  const secrets: VerificationStep = { step: 'secrets', ok: true, ms: msSince(begun) }
  const trail = createLoginTrail()
  const tokens = options.tokens ?? createTokens({ shelf: NO_SHELF })
  const login = await openLogin(resolved, { signal: options.signal, tokens, trail })
  if (login.kind === 'fault') {
    const fault = inTime(login.fault, options.signal, msSince(begun))
    const { conversation } = login
    return {
      steps: [secrets, ...stepsUntil(fault, trail)],
      ...factsOf(trail, resolved),
      ...(trail.certificate && { certificate: describeCertificate(trail.certificate) }),
      ...toDo(remedyFor(fault, manager)),
      // Where nothing was said the step tells it all.
      ...(conversation.length > 1 && { conversation }),
    }
  }
  const passed = stepsOf(trail, manager)
  const session = openSession(login, { timeouts: manager.timeouts })
  const { steps: asked, ...answers } = await verifyEnvelope(session, manager, options)
  const left = performance.now()
  const isOpen = session.isUsable
  await session.quit()
  const quit: VerificationStep = { step: 'quit', ok: true, ms: msSince(left) }
  return {
    steps: [secrets, ...passed, ...asked, ...(isOpen ? [quit] : [])],
    ...factsOf(trail, resolved),
    security: login.security,
    ...answers,
  }
}

function stepsUntil(fault: Fault, trail: LoginTrail): readonly VerificationStep[] {
  const { steps } = trail
  const reached = steps.findLastIndex(({ stage }) => stage === fault.stage)
  const failed: VerificationStep = {
    step: fault.stage,
    ok: false,
    ms: steps[reached]?.ms ?? 0,
    detail: describeFault(fault),
  }
  return [...steps.slice(0, Math.max(0, reached)).map(passedStep), failed]
}

/** All stages; the second EHLO, over TLS, counts for the first. */
function stepsOf(trail: LoginTrail, { auth }: ConnectionManager): readonly VerificationStep[] {
  return trail.steps
    .filter(({ stage }, at) => trail.steps.findIndex((step) => step.stage === stage) === at)
    .filter(({ stage }) => stage !== 'auth' || auth.method !== 'anonymous')
    .map(passedStep)
}

function passedStep({ stage, ms }: LoginTrail['steps'][number]): VerificationStep {
  return { step: stage, ok: true, ms }
}

function factsOf(
  { address, offers, mechanisms }: LoginTrail,
  { manager: { auth }, clientCertificate }: ResolvedManager,
): Pick<Findings, 'address' | 'extensions' | 'clientCertificate' | 'login'> {
  const extensions = offers.at(-1)
  const mechanism = mechanisms.at(-1)
  const summary = describeAuth(auth)
  const user = 'user' in summary ? summary.user : undefined
  return {
    ...(address !== undefined && { address }),
    ...(extensions && { extensions }),
    ...(clientCertificate && { clientCertificate: validityIn(clientCertificate) }),
    ...(mechanism !== undefined && { login: { mechanism, ...(user !== undefined && { user }) } }),
  }
}

function validityIn({ validFrom, validTo }: Validity): Validity {
  return { validFrom, validTo }
}

function msSince(begun: number): number {
  return Math.round(performance.now() - begun)
}
