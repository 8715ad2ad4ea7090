import { isMailroomError } from '../errors.ts'
import type { Emit } from './events.ts'

const AT_MOST_EVERY_MS = 1_000

/** Makes events of the store's faults, at most one a second for each code: an outage is no flood. */
export function faultReporter(emit: Emit): (error: unknown) => void {
  const lastAt = new Map<string, number>()
  return (error) => {
    const code = codeOf(error)
    const now = performance.now()
    if (now - (lastAt.get(code) ?? -Infinity) < AT_MOST_EVERY_MS) return
    lastAt.set(code, now)
    emit({ event: 'store-error', code, reason: error instanceof Error ? error.message : code })
  }
}

function codeOf(error: unknown): string {
  if (isMailroomError(error)) return error.code
  const hasCode = error instanceof Error && 'code' in error && typeof error.code === 'string'
  return hasCode ? String(error.code) : 'UNEXPECTED'
}
