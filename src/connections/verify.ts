import { isMailroomError } from '../errors.ts'
import type { Fault } from '../smtp/fault.ts'
import type { Stage } from '../smtp/stage.ts'
import type { ConnectionManager } from './connection-manager.ts'
import type { VerifyOptions } from './connections.ts'
import { openLogin } from './login.ts'
import { resolveSecrets } from './secrets.ts'
import type { ResolvedManager } from './secrets.ts'
import { openSession } from './session.ts'

/** A step of a verification: a secret's look-up, a stage of the session, or its end. */
export interface VerificationStep {
  readonly step: Stage | 'secrets' | 'quit'
  readonly ok: boolean
  /** Why it failed. */
  readonly detail?: string
}

/** How far a connection manager can be used right now. */
export interface Verification {
  readonly connection: string
  readonly ok: boolean
  /** All steps up to the one that failed, in their order. */
  readonly steps: readonly VerificationStep[]
  /** Who said what in a login that failed; without secrets and addresses. */
  readonly conversation?: readonly string[]
  /** How long all of it took, in milliseconds. */
  readonly ms: number
}

/** Resolves `manager`, opens one session, and closes it with QUIT; rejects for bugs only. */
export async function verifyManager(
  manager: ConnectionManager,
  options: VerifyOptions,
): Promise<Verification> {
  const begun = performance.now()
  const { steps, conversation } = await verifySteps(manager, options)
  return {
    connection: manager.name,
    ok: steps.every((step) => step.ok),
    steps,
    ...(conversation !== undefined && { conversation }),
    ms: Math.round(performance.now() - begun),
  }
}

async function verifySteps(
  manager: ConnectionManager,
  options: VerifyOptions,
): Promise<Pick<Verification, 'steps' | 'conversation'>> {
  let resolved: ResolvedManager
  try {
    resolved = await resolveSecrets(manager, options)
  } catch (error) {
    if (!isMailroomError(error)) throw error
    return { steps: [{ step: 'secrets', ok: false, detail: error.message }] }
  }
  const login = await openLogin(resolved, { signal: options.signal })
  if (login.kind === 'fault') {
    const { fault, conversation } = login
    const steps = [passed('secrets'), ...stepsUntil(fault, manager)]
    // Where nothing was said the step tells it all.
    return conversation.length > 1 ? { steps, conversation } : { steps }
  }
  await openSession(login, { timeouts: manager.timeouts }).quit()
  return { steps: [passed('secrets'), ...stagesOf(manager).map(passed), passed('quit')] }
}

function stepsUntil(fault: Fault, manager: ConnectionManager): readonly VerificationStep[] {
  const stages = stagesOf(manager)
  const reached = stages.includes(fault.stage) ? stages.indexOf(fault.stage) : 0
  return [
    ...stages.slice(0, reached).map(passed),
    { step: fault.stage, ok: false, detail: describeFault(fault) },
  ]
}

/** The stages that a session of `manager` goes through, in their order. */
function stagesOf({ tls, auth }: ConnectionManager): readonly Stage[] {
  return [
    'connect',
    ...(tls === 'implicit' ? (['tls'] as const) : []),
    'greeting',
    'ehlo',
    ...(tls === 'starttls' ? (['starttls'] as const) : []),
    ...(auth.method === 'anonymous' ? [] : (['auth'] as const)),
  ]
}

function passed(step: VerificationStep['step']): VerificationStep {
  return { step, ok: true }
}

function describeFault(fault: Fault): string {
  if (fault.kind !== 'reply') return fault.detail
  const { code, status, text } = fault.reply
  return ['the server answered', code, status, text].filter((part) => part !== undefined).join(' ')
}
