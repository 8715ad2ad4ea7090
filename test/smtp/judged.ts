import type { FaultKind, Lack } from '../../src/smtp/fault.ts'
import { parseReply } from '../../src/smtp/reply.ts'
import type { Stage } from '../../src/smtp/stage.ts'
import { judge, type JudgeContext, type Verdict } from '../../src/smtp/verdict.ts'

/** The verdict on a reply as a server writes it. */
export function judgeReply(stage: Stage, line: string, context?: JudgeContext): Verdict {
  const reply = parseReply(line)
  if (reply === undefined) throw new Error(`"${line}" is no reply`)
  return judge({ kind: 'reply', stage, reply }, context)
}

export function judgeFault(stage: Stage, kind: FaultKind, context?: JudgeContext): Verdict {
  return judge({ kind, stage, detail: 'as a test has it' }, context)
}

export function judgeLack(lacks: Lack): Verdict {
  return judge({ kind: 'unsupported', stage: 'mail', detail: 'as a test has it', lacks })
}

/** `permanent recipient refuse fine`: class, scope, message, manager. */
export function inWords({ class: kind, scope, message, manager }: Verdict): string {
  return [kind, scope, message, manager].join(' ')
}
