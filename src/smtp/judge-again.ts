import { LACKS, type Fault, type FaultKind } from './fault.ts'
import { STAGES } from './stage.ts'
import { judge, type JudgeContext, type Verdict } from './verdict.ts'

/** What is still known of how something ended, by whatever was kept of it. */
export interface Remembered {
  readonly stage?: string
  readonly code?: number
  readonly status?: string
  readonly text?: string
  readonly rule?: string
}

/** Judges by the rules of today what was judged before; undefined when no server said anything. */
export function judgeAgain(remembered: Remembered, context: JudgeContext): Verdict | undefined {
  const fault = faultOf(remembered)
  return fault && judge(fault, context)
}

function faultOf({
  stage: name,
  code,
  status,
  text = '',
  rule = '',
}: Remembered): Fault | undefined {
  const stage = STAGES.find((known) => known === name)
  if (stage === undefined) return undefined
  if (code !== undefined) {
    return { kind: 'reply', stage, reply: { code, text, ...(status !== undefined && { status }) } }
  }
  const lacks = LACKS.find((known) => rule === `stage.${stage}.unsupported.${known}`)
  if (lacks !== undefined) return { kind: 'unsupported', stage, detail: text, lacks }
  const kind = KINDS.find((known) => rule === `stage.${stage}.${known}`)
  return kind && { kind, stage, detail: text }
}

/** Faults for which a message may have been refused. */
const KINDS: readonly FaultKind[] = ['unsupported', 'protocol', 'tls', 'auth']
