import { formatDuration } from '../duration.ts'
import type { Fault } from '../smtp/fault.ts'
import { adviceOf } from './remedies/find.ts'
import type { Remedy } from './remedies/remedy.ts'
import type { Verification } from './verification.ts'

/** Why a step of a verification failed, for people. */
export function describeFault(fault: Fault): string {
  if (fault.kind !== 'reply') return fault.detail
  const { code, status, text } = fault.reply
  return ['the server answered', code, status, text].filter((part) => part !== undefined).join(' ')
}

/** Whoever waits no longer waited in vain: that is a time-out of the server. */
export function inTime(fault: Fault, signal: AbortSignal | undefined, ms: number): Fault {
  const reason: unknown = signal?.reason
  const isOurs = reason instanceof DOMException && reason.name === 'TimeoutError'
  if (fault.kind !== 'aborted' || !isOurs) return fault
  const detail = `nothing came before the time for all of it was over, after ${formatDuration(ms)}`
  return { kind: 'timeout', stage: fault.stage, detail }
}

/** The name of what is wrong, and what to do. */
export function toDo(remedy: Remedy | undefined): Pick<Verification, 'problem' | 'advice'> {
  return remedy === undefined ? {} : { problem: remedy.id, advice: adviceOf(remedy) }
}
