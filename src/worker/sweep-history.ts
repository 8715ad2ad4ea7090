import type { SweepContext } from './sweep-context.ts'

const PER_PAGE = 500
const MAX_PAGES = 100

/** Evicts history, the oldest first, until what is left is young enough and has room. */
export async function evictHistory(context: SweepContext): Promise<void> {
  const { ledger, goOn, historyKeepForMs: keepForMs, historyMaxBytes: maxBytes } = context
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { entries } = await ledger.evictHistory({ keepForMs, maxBytes }, PER_PAGE)
    if (entries < PER_PAGE || !(await goOn())) return
  }
}
