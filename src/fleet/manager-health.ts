import { UNKNOWN, type Circuit } from './circuit.ts'
import { compactSpans, msCovered, type Span } from './spans.ts'

/**
 * What made a manager's circuit open, or a suspect; of what a server said only the conversation tells,
 * in which neither a secret nor a mailbox is.
 */
export interface Cause {
  /** In words. */
  readonly reason?: string
  readonly stage?: string
  readonly code?: number
  readonly status?: string
  readonly rule?: string
  /** The name of a common fault, and what is wrong and what to do, in whole sentences. */
  readonly problem?: string
  readonly remedy?: string
  /** Who said what in the login that failed, a line each, masked and shortened. */
  readonly conversation?: readonly string[]
}

/** What the fleet knows of a manager as it was resolved once. */
export interface Entry {
  readonly circuit: Circuit
  /** The worker that found it so. */
  readonly by?: string
  readonly cause?: Cause
  /** When a worker that uses it last said so, within `TOUCH_AFTER_MS`. */
  readonly usedAt: number
}

/**
 * What the fleet knows of all managers of one name: a state is data, a transition is a function.
 * Points in time are milliseconds of the store's clock.
 *
 * - `entries`: by digest; a changed credential is another manager.
 * - `parkedSince`: since when none of those that are used lets mail flow.
 * - `past`: such spans that are over, oldest first: messages do not age by them.
 */
export interface ManagerHealth {
  readonly entries: Readonly<Record<string, Entry>>
  readonly parkedSince?: number
  readonly past: readonly Span[]
}

/** A name of whose managers nobody knows anything. */
export const NOTHING_KNOWN: ManagerHealth = { entries: {}, past: [] }

/** After how long it is worth a write to say that somebody still uses an entry. */
export const TOUCH_AFTER_MS = 5 * 60_000
/** What nobody has used for so long does not count for whether mail flows. */
const IN_USE_MS = 3 * TOUCH_AFTER_MS
/** What nobody has used for so long is forgotten. */
const FORGET_MS = 86_400_000
/** More digests than this at once are workers that cannot agree: the ones used last are kept. */
const MAX_ENTRIES = 20
const MAX_SPANS = 200

export function circuitIn({ entries }: ManagerHealth, digest: string): Circuit {
  return entryIn(entries, digest)?.circuit ?? UNKNOWN
}

/** A digest is a key from outside, and a record may have any. */
export function entryIn(entries: ManagerHealth['entries'], digest: string): Entry | undefined {
  return Object.hasOwn(entries, digest) ? entries[digest] : undefined
}

/** What a change says beside the circuit. */
export interface Note {
  readonly by?: string
  readonly cause?: Cause
}

/**
 * The record after one of its circuits has changed, or was used: the very same when there is nothing
 * to write. Spans that ended more than `keepMs` of flowing mail ago are dropped.
 */
export function changed(
  before: ManagerHealth,
  digest: string,
  circuit: Circuit,
  note: Note | undefined,
  now: number,
  keepMs: number,
): ManagerHealth {
  const known = entryIn(before.entries, digest)
  const isUsed = known !== undefined && known.usedAt > now - TOUCH_AFTER_MS
  if (circuit === (known?.circuit ?? UNKNOWN) && (isUsed || known === undefined)) return before
  const { by, cause } = (circuit === known?.circuit ? known : (note ?? known)) ?? {}
  const entry: Entry = {
    circuit,
    ...(by !== undefined && { by }),
    ...(cause !== undefined && { cause }),
    usedAt: now,
  }
  return tidied({ ...before, entries: { ...before.entries, [digest]: entry } }, now, keepMs)
}

/** Without what nobody uses any more, and with the span that lasts, begun or ended as it is now. */
export function tidied(record: ManagerHealth, now: number, keepMs: number): ManagerHealth {
  const kept = Object.entries(record.entries)
    .filter(([, { usedAt }]) => usedAt > now - FORGET_MS)
    .toSorted(([, a], [, b]) => b.usedAt - a.usedAt)
    .slice(0, MAX_ENTRIES)
  const since = parkedSince(
    kept.map(([, entry]) => entry),
    now,
  )
  const begun = record.parkedSince ?? since
  const isOver = begun !== undefined && since === undefined
  const past = isOver ? [...record.past, { from: begun, to: now }] : record.past
  const spans = compactSpans(
    past.filter((span, at) => flowedMs(span, past.slice(at + 1), now) <= keepMs),
    MAX_SPANS,
  )
  return {
    entries: Object.fromEntries(kept),
    ...(since !== undefined && begun !== undefined && { parkedSince: begun }),
    past: spans,
  }
}

/** The spans in which no mail could flow; the one that lasts ends now. */
export function parkedSpans(record: ManagerHealth, now: number): readonly Span[] {
  const { parkedSince: from, past } = record
  return from === undefined ? past : [...past, { from, to: now }]
}

/** Whether nothing is worth keeping. */
export function isEmpty({ entries, past }: ManagerHealth): boolean {
  return past.length === 0 && Object.keys(entries).length === 0
}

/**
 * Since when nothing can be tried: of those that are used some are shut and none lets mail flow. One
 * that worked until nobody used it any more held that up.
 */
function parkedSince(entries: readonly Entry[], now: number): number | undefined {
  const inUse = entries.filter(({ usedAt }) => usedAt > now - IN_USE_MS)
  if (inUse.some(({ circuit }) => circuit.state === 'closed')) return undefined
  const shut = inUse.flatMap(({ circuit }) => ('since' in circuit ? [circuit.since] : []))
  if (shut.length === 0) return undefined
  const left = entries.flatMap((entry) => (entry.circuit.state === 'closed' ? [entry.usedAt] : []))
  return Math.max(Math.min(...shut), ...left)
}

/** How long mail flowed after `span`. */
function flowedMs({ to }: Span, later: readonly Span[], now: number): number {
  return now - to - msCovered(later, to)
}
