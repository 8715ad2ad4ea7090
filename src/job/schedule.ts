import type { JobIssue } from './job-issue.ts'
import { MAX_DELAY_MS } from './limits.ts'

/** When a message may be sent, as the caller asked for it; points in time are ms since 1970. */
export interface Schedule {
  readonly delay?: number | undefined
  readonly sendAt?: number | undefined
  readonly notAfter?: number | undefined
}

/** The earliest time to send, unless that is now. */
export function dueTime({ delay = 0, sendAt }: Schedule, now: Date): number | undefined {
  const due = Math.ceil(sendAt ?? now.getTime() + delay)
  return due > now.getTime() ? due : undefined
}

/** Why this schedule can never be kept. */
export function findScheduleIssues(schedule: Schedule, now: Date): readonly JobIssue[] {
  const due = dueTime(schedule, now) ?? now.getTime()
  const { sendAt, notAfter } = schedule
  const issues: JobIssue[] = []
  if (due - now.getTime() > MAX_DELAY_MS) {
    const path = sendAt === undefined ? 'options.delay' : 'options.sendAt'
    issues.push({ path, problem: 'expected at most 366 days from now' })
  }
  if (notAfter !== undefined && notAfter <= due) {
    const problem = 'expected a time after the one at which the message may first be sent'
    issues.push({ path: 'options.notAfter', problem })
  }
  return issues
}
