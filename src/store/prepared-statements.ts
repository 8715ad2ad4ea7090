import { createHash } from 'node:crypto'

import type { QueryConfig, QueryResult } from 'pg'

/** Asks one connection of a pool, whichever is free. */
type Ask = (statement: QueryConfig) => Promise<QueryResult>

/** More texts than a process has of its own: who writes values into them would fill the server's memory. */
const MAX_TEXTS = 500
/** Postgres' own function that says "cached plan must not change result type", in whatever language. */
const CHANGED = { code: '0A000', routine: 'RevalidateCachedQuery' }
/** Invalid and duplicate prepared statement name. */
const FORGOTTEN: ReadonlySet<unknown> = new Set(['26000', '42P05'])

/**
 * Has each connection parse a statement once: its text is sent with the first use, and then its name.
 *
 * A migration may change what a function answers, and then the statement gets another name. A pooler
 * that gives each transaction another connection knows no names: then all goes without. In both cases
 * nothing was done yet, and the statement is sent again.
 */
export function preparingStatements(
  ask: Ask,
): (text: string, values?: unknown[]) => Promise<QueryResult> {
  const names = new Map<string, string>()
  let changes = 0
  let isOff = false

  const nameOf = (text: string): string | undefined => {
    const known = names.get(text)
    if (known !== undefined || names.size >= MAX_TEXTS) return known
    const name = `m${createHash('sha1').update(`${changes} ${text}`).digest('hex').slice(0, 20)}`
    names.set(text, name)
    return name
  }
  return async (text, values) => {
    // It is asked once, or changes the session.
    if (values === undefined) return ask({ text })
    const name = isOff ? undefined : nameOf(text)
    if (name === undefined) return ask({ text, values })
    try {
      return await ask({ name, text, values })
    } catch (error) {
      if (!isOfServer(error)) throw error
      if (error.code === CHANGED.code && error.routine === CHANGED.routine) {
        changes += 1
        names.delete(text)
      } else if (FORGOTTEN.has(error.code)) isOff = true
      else throw error
      return ask({ text, values })
    }
  }
}

function isOfServer(
  error: unknown,
): error is { readonly code: unknown; readonly routine: unknown } {
  return error instanceof Error && 'code' in error && 'routine' in error
}
