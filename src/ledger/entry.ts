import { RecordUnreadableError } from './errors.ts'
import { decodeJudgement, encodeJudgement } from './judgement.ts'
import type { Settlement } from './ledger.ts'
import { decodeNote, encodeNote } from './note.ts'
import type { AttemptEntry, TimelineEntry } from './timeline.ts'
import { wayOf } from './uncertain.ts'

/**
 * How both stores keep an entry: a letter, then its fields behind tabs. The time stands beside it.
 *
 * | letter | entry | fields |
 * |---|---|---|
 * | `a` | attempt | `s`, `l` or `w` (how), the fence, the note as JSON |
 * | `e` | ended | `e` or `r` (state), the judgement as JSON |
 * | `d` | died | worker, when it claimed in milliseconds |
 * | `u` | turned uncertain | worker, indices |
 * | `o` | reopened | when the message was accepted before, 1 for uncertain ones too |
 * | `s` | uncertain ones settled | `r` or `a` (way), `p` or `o` (by plan or person), indices, when it was accepted before |
 * | `n` | superseded | the id of the newer message |
 * | `m` | rescheduled | to when, in milliseconds |
 * | `c` `q` `h` | cancelled, requeued, held without a plan | |
 */
export interface StoredEntry {
  readonly at: Date
  readonly text: string
}

/** The entry of a job that the sweeper put back. */
export const REQUEUED = 'q'

/** The entry of an uncertain message whose plan was dropped. */
export const HELD = 'h'

/** What a settlement leaves in the timeline: the letter and the last field; the store adds the rest. */
export function entryOf({ note, rest, last }: Settlement): readonly [letter: string, json: string] {
  if (note !== undefined) return ['a', encodeNote(note)]
  if (rest === undefined) return ['', '']
  return ['e', `${rest === 'expired' ? 'e' : 'r'}\t${encodeJudgement(last)}`]
}

/** Reads an entry of a message. Throws `RecordUnreadableError`. */
export function decodeEntry(
  { id, connection }: { readonly id: string; readonly connection: string },
  { at, text }: StoredEntry,
): TimelineEntry {
  const read = Object.hasOwn(READ, text[0] ?? '') ? READ[text[0] ?? ''] : undefined
  if (read === undefined) throw new RecordUnreadableError(id, 'a known entry in its history')
  try {
    return read(at, text.slice(1).split('\t'), connection)
  } catch (cause) {
    throw new RecordUnreadableError(id, 'an entry of its history', { cause })
  }
}

type Read = (at: Date, fields: readonly string[], connection: string) => TimelineEntry

const READ: Readonly<Record<string, Read>> = {
  a: attemptOf,
  e: (at, [letter = '', ...judged]) => ({
    kind: 'ended',
    at,
    state: letter === 'e' ? 'expired' : 'refused',
    ...decodeJudgement(judged.join('\t')),
  }),
  d: (at, [worker = '', claimedAt = '']) => ({
    kind: 'died',
    at,
    worker,
    claimedAt: dateOf(claimedAt),
  }),
  u: (at, [worker = '', indices = '']) => ({
    kind: 'turned-uncertain',
    at,
    worker,
    recipients: indices.split(',').map(Number),
  }),
  o: (at, [, even]) => ({ kind: 'reopened', at, evenIfUncertain: even === '1' }),
  s: (at, [way, by, indices = '']) => ({
    kind: 'uncertain-settled',
    at,
    way: wayOf(way),
    by: by === 'p' ? 'policy' : 'person',
    recipients: indices.split(',').map(Number),
  }),
  n: (at, [by = '']) => ({ kind: 'superseded', at, by }),
  m: (at, [sendAt = '']) => ({ kind: 'rescheduled', at, sendAt: dateOf(sendAt) }),
  c: (at) => ({ kind: 'cancelled', at }),
  [REQUEUED]: (at) => ({ kind: 'requeued', at }),
  [HELD]: (at) => ({ kind: 'uncertain-held', at }),
}

/**
 * When the message was accepted first, as far as its history tells: reopening begins its age anew,
 * and a message does not age while it is held.
 */
export function firstAcceptedAt(entries: readonly StoredEntry[]): Date | undefined {
  const moved = entries.find(({ text }) => text.startsWith('o') || text.startsWith('sr'))
  const fields = moved?.text.slice(1).split('\t')
  return fields && dateOf((moved?.text.startsWith('o') === true ? fields[0] : fields[3]) ?? '')
}

const HOW: Readonly<Record<string, AttemptEntry['how']>> = {
  s: 'settled',
  l: 'late',
  w: 'withdrawn',
}

function attemptOf(
  at: Date,
  [how = '', fence = '', ...json]: readonly string[],
  connection: string,
): AttemptEntry {
  const { last, ...note } = decodeNote(json.join('\t'))
  return {
    kind: 'attempt',
    at,
    startedAt: startOf(Number(fence)),
    how: HOW[how] ?? 'settled',
    manager: connection,
    ...last,
    ...note,
  }
}

/** A fence is the store's clock in microseconds, when the message was claimed. */
export function startOf(fence: number): Date {
  return new Date(Math.floor(fence / 1000))
}

function dateOf(milliseconds: string): Date {
  return new Date(Number(milliseconds))
}
