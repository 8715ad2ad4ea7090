import { isMailroomError } from '../../errors.ts'

/** How bad it is: `warning` works but somebody should look, `problem` does not work. */
export type CheckState = 'ok' | 'warning' | 'problem'

/** One thing that was looked at. */
export interface Check {
  /** What was looked at, such as `node` or `store: memory`. */
  readonly check: string
  readonly state: CheckState
  /** What was found. */
  readonly detail: string
  /** The name of a common fault, for programs. */
  readonly problem?: string
  /** What to do about it. */
  readonly advice?: string
}

/** All is as it should be. */
export function ok(check: string, detail: string): Check {
  return { check, state: 'ok', detail }
}

/** It works, and `advice` says what to do so that it stays so. */
export function warning(check: string, detail: string, advice: string): Check {
  return { check, state: 'warning', detail, advice }
}

/** It does not work; `advice` says what to do unless `detail` does already. */
export function problem(check: string, detail: string, advice?: string): Check {
  return { check, state: 'problem', detail, ...(advice !== undefined && { advice }) }
}

/** What `look` finds; an expected error is a problem, in its own words. */
export async function checked(
  check: string,
  look: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await look()
  } catch (error) {
    if (!isMailroomError(error)) throw error
    return [problem(check, error.message)]
  }
}
