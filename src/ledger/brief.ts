import type { Judgement } from './ledger.ts'
import type { AttemptEntry, AttemptNote } from './timeline.ts'

/** Longer values would take Redis' compact form, and with it hundreds of bytes, from a record. */
const MAX_BRIEF_BYTES = 64

/** What is kept of a message that its first attempt delivered: everything else is in its record. */
export interface Brief {
  readonly last: Judgement
  readonly bytes: number
  readonly digest: string
  readonly manager: string | undefined
}

/**
 * What is worth keeping of a plain success at the first attempt, beside the record; undefined when
 * there is more to tell.
 *
 * Nearly every message ends so: what it leaves has to be small. The reply's text is not kept.
 */
export function encodeBrief(note: AttemptNote | undefined): string | undefined {
  if (note?.attempt !== 1 || note.part !== 1) return undefined
  if (note.conversation !== undefined || note.unasked !== undefined) return undefined
  const { last, bytes, digest, manager } = note
  if (last?.code === undefined || last.rule !== undefined) return undefined
  const isUsual = last.code === 250 && last.status === '2.0.0'
  const reply = isUsual ? '' : `${last.code} ${last.status ?? ''}`
  const brief = [reply, bytes, digest, ...(manager === undefined ? [] : [manager])].join('|')
  return Buffer.byteLength(brief) <= MAX_BRIEF_BYTES ? brief : undefined
}

/** Reads what `encodeBrief` wrote. */
export function decodeBrief(text: string): Brief {
  const [reply = '', bytes = '', digest = '', ...manager] = text.split('|')
  const [code, status] = reply === '' ? ['250', '2.0.0'] : reply.split(' ')
  return {
    last: { stage: 'dot', code: Number(code), ...(status && { status }) },
    bytes: Number(bytes),
    digest,
    manager: manager.length === 0 ? undefined : manager.join('|'),
  }
}

/** The only attempt of such a message, as an entry of its timeline. */
export function entryOfBrief(
  { last, bytes, digest, manager }: Brief,
  of: Pick<AttemptEntry, 'at' | 'startedAt' | 'worker'> & { readonly connection: string },
): AttemptEntry {
  return {
    kind: 'attempt',
    at: of.at,
    startedAt: of.startedAt,
    how: 'settled',
    ...last,
    stage: 'after',
    attempt: 1,
    part: 1,
    manager: manager ?? of.connection,
    digest,
    worker: of.worker,
    bytes,
    outcomes: [{ ...last, recipients: [0], state: 'delivered' }],
  }
}
