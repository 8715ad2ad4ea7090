import { InvalidCursorError } from '../ledger/errors.ts'
import type { HeldState, Ledger, ListPage, ListQuery, MessageRecord } from '../ledger/ledger.ts'

/** Which held messages to list, and how many. */
export interface HeldQuery extends Omit<ListQuery, 'state'> {
  /** Every held state by default, one after the other. */
  readonly state?: HeldState | undefined
}

/** The held states, the one that most needs a decision first. */
export const HELD_STATES = [
  'uncertain',
  'refused',
  'expired',
] as const satisfies readonly HeldState[]

/**
 * Reads a page of held messages, oldest first within a state.
 *
 * Throws `InvalidCursorError`.
 */
export async function listHeld(
  ledger: Ledger,
  { state, cursor, limit = 100, connection }: HeldQuery,
): Promise<ListPage> {
  const size = Math.min(Math.max(limit, 1), 1000)
  const records: MessageRecord[] = []
  const unreadable: string[] = []
  const place = placeOf(cursor, state)
  let current: HeldState | undefined = place.state
  let within = place.within
  while (current !== undefined && records.length < size) {
    const page = await ledger.list({
      state: current,
      limit: size - records.length,
      ...(connection !== undefined && { connection }),
      ...(within !== undefined && { cursor: within }),
    })
    records.push(...page.records)
    unreadable.push(...(page.unreadable ?? []))
    within = page.cursor
    if (within === undefined) current = state === undefined ? after(current) : undefined
  }
  return {
    records,
    cursor: within === undefined ? current : `${current}/${within}`,
    ...(unreadable.length > 0 && { unreadable }),
  }
}

/** Where a page begins. */
function placeOf(
  cursor: string | undefined,
  state: HeldState | undefined,
): { readonly state: HeldState; readonly within: string | undefined } {
  if (cursor === undefined) return { state: state ?? HELD_STATES[0], within: undefined }
  const [, name, within] = /^([a-z]+)(?:\/(.+))?$/s.exec(cursor) ?? []
  const found = HELD_STATES.find((known) => known === name)
  if (found === undefined || (state !== undefined && found !== state)) {
    throw new InvalidCursorError()
  }
  return { state: found, within }
}

function after(state: HeldState): HeldState | undefined {
  return HELD_STATES[HELD_STATES.indexOf(state) + 1]
}

/** Every held message of a query, one page in memory; those that cannot be read are told by their ids. */
export async function* eachHeld(
  list: (query: HeldQuery) => Promise<ListPage>,
  query: Omit<HeldQuery, 'cursor'>,
  onUnreadable: (id: string) => void = () => {},
): AsyncGenerator<MessageRecord, void, undefined> {
  let cursor: string | undefined
  do {
    const page: ListPage = await list({ ...query, ...(cursor !== undefined && { cursor }) })
    for (const id of page.unreadable ?? []) onUnreadable(id)
    yield* page.records
    cursor = page.cursor
  } while (cursor !== undefined)
}
