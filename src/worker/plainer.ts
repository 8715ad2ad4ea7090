import type { Spared } from '../connections/envelope-commands.ts'
import type { TransactionEnding } from '../connections/transaction-ending.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import type { Fault } from '../smtp/fault.ts'
import { judge, type JudgeContext } from '../smtp/verdict.ts'

/** Whether a refusal may be of a command's parameters: then the rules think otherwise of it. */
export function isForParameters(fault: Fault, judging: JudgeContext): boolean {
  const plainer = judge(fault, { ...judging, mayDropParameters: true })
  return plainer.rule !== judge(fault, { ...judging, mayDropParameters: false }).rule
}

/**
 * What all commands are said without once more after one was refused: what the reply names, else all
 * that can be left out. Nothing, when the rules think the same of it either way.
 */
export function sparedBy(
  { spares = [], fault, isStale }: Extract<TransactionEnding, { kind: 'rejected' }>,
  judging: JudgeContext,
): readonly Spared[] {
  if (spares.length === 0 || isStale === true || fault.kind !== 'reply') return []
  if (!isForParameters(fault, judging)) return []
  const named = spares.filter((spared) => KEYWORDS[spared].test(fault.reply.text))
  return named.length === 0 ? spares : named
}

const KEYWORDS: Readonly<Record<Spared, RegExp>> = {
  SIZE: /\bSIZE\b/i,
  '8BITMIME': /\bBODY\b|8BITMIME/i,
  DSN: /\b(?:RET|ENVID|NOTIFY|ORCPT|DSN)\b/i,
}

/** Whether recipients were offered with parameters for reports, which the message can do without. */
export function mayDropDsn({ dsn }: SendMailJob, { unasked = [] }: TransactionEnding): boolean {
  return dsn !== undefined && dsn.required !== true && !unasked.includes('DSN')
}
