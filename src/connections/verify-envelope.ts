import { judge } from '../smtp/verdict.ts'
import type { ConnectionManager } from './connection-manager.ts'
import type { VerifyOptions } from './connections.ts'
import { describeFault, inTime, toDo } from './failed-step.ts'
import { remedyFor } from './remedies/find.ts'
import type { Session } from './session.ts'
import type { Verification, VerificationStep } from './verification.ts'

/** What a verification tells of an envelope. */
type EnvelopeFindings = Pick<
  Verification,
  'steps' | 'problem' | 'advice' | 'verdict' | 'conversation'
>

/** Asks the server of a session about `envelope`, and explains the first thing that it does not want. */
export async function verifyEnvelope(
  session: Session,
  manager: ConnectionManager,
  { envelope, signal, rules }: VerifyOptions,
): Promise<EnvelopeFindings> {
  if (envelope === undefined) return { steps: [] }
  const begun = performance.now()
  const trial = await session.tryEnvelope(envelope, signal)
  const waitedMs = Math.round(performance.now() - begun)
  const answered = trial.steps.map(({ fault, ...step }) => ({
    ...step,
    fault: fault && inTime(fault, signal, waitedMs),
  }))
  const steps = answered.map(({ stage, fault, ...rest }): VerificationStep =>
    fault === undefined
      ? { step: stage, ok: true, ...rest }
      : { step: stage, ok: false, ...rest, detail: describeFault(fault) },
  )
  const fault = answered.find((step) => step.fault !== undefined)?.fault
  if (fault === undefined) return { steps }
  const { name, provider } = manager
  return {
    steps,
    verdict: judge(fault, { connection: name, provider, rules }),
    ...toDo(remedyFor(fault, manager)),
    conversation: trial.conversation,
  }
}
