import { setTimeout as sleep } from 'node:timers/promises'

import { isMailroomError } from '../../errors.ts'
import { QueueFullError, SendManyError } from '../../producer/errors.ts'
import type { Mail, Mailroom } from '../../producer/mailroom.ts'
import type { Mailing } from './mailing.ts'
import type { Recipient, RecipientRow } from './recipients.ts'
import type { RejectedRow } from './rejected-rows.ts'

/** What became of the rows so far. */
export interface HandedIn {
  /** Accepted now. */
  readonly accepted: number
  /** Known before, from another run or another row. */
  readonly known: number
  readonly rejected: number
  readonly isWaiting: boolean
}

export interface HandInOptions {
  readonly mailing: Mailing
  /** Stops between two chunks. */
  readonly signal: AbortSignal
  readonly onRejected: (row: RejectedRow) => Promise<void>
  readonly onProgress: (handedIn: HandedIn) => void
}

const CHUNK_ROWS = 500
/** How long a full queue is left alone. */
const FULL_MS = 500

/**
 * Hands in a message for every row, with one chunk of rows in memory.
 *
 * A full queue is waited for. Rejects with the reason of `signal`, and when the store is away; what
 * was handed in until then is known when the same rows come again.
 */
export async function handIn(
  rows: AsyncIterable<RecipientRow>,
  mailroom: Pick<Mailroom, 'sendMany'>,
  options: HandInOptions,
): Promise<void> {
  const tally = createTally(options.onProgress)
  let chunk: Recipient[] = []
  for await (const row of rows) {
    if (row.kind === 'unusable') {
      await options.onRejected({ ...row.problem, values: row.values })
      tally.add({ rejected: 1 })
      continue
    }
    chunk.push(row)
    if (chunk.length < CHUNK_ROWS) continue
    await handInAll(chunk, mailroom, tally, options)
    chunk = []
  }
  await handInAll(chunk, mailroom, tally, options)
}

interface Counts {
  readonly accepted: number
  readonly known: number
  readonly rejected: number
}

interface Tally {
  add(more: Partial<Counts>): void
  /** Tells that the queue is full. */
  wait(): void
}

function createTally(onProgress: HandInOptions['onProgress']): Tally {
  let counts: Counts = { accepted: 0, known: 0, rejected: 0 }
  return {
    add: ({ accepted = 0, known = 0, rejected = 0 }) => {
      if (accepted + known + rejected === 0) return
      counts = {
        accepted: counts.accepted + accepted,
        known: counts.known + known,
        rejected: counts.rejected + rejected,
      }
      onProgress({ ...counts, isWaiting: false })
    },
    wait: () => onProgress({ ...counts, isWaiting: true }),
  }
}

async function handInAll(
  chunk: readonly Recipient[],
  mailroom: Pick<Mailroom, 'sendMany'>,
  tally: Tally,
  options: HandInOptions,
): Promise<void> {
  let left = chunk
  while (left.length > 0) {
    options.signal.throwIfAborted()
    left = await handInOnce(left, mailroom, tally, options)
    if (left.length === 0) return
    tally.wait()
    await sleep(FULL_MS, undefined, { signal: options.signal })
  }
}

/** Answers the rows that found no place in the queue. */
async function handInOnce(
  chunk: readonly Recipient[],
  mailroom: Pick<Mailroom, 'sendMany'>,
  tally: Tally,
  { mailing, signal, onRejected }: HandInOptions,
): Promise<readonly Recipient[]> {
  const full: Recipient[] = []
  const rejected: RejectedRow[] = []
  let seen = { accepted: 0, known: 0 }
  const mails = function* (): Generator<Mail<string>, void, undefined> {
    for (const recipient of chunk) yield mailing.mailFor(recipient)
  }
  await mailroom
    .sendMany(mails(), {
      signal,
      onRefused: (index, error) => {
        const row = chunk[index]
        if (row === undefined) return
        if (error instanceof QueueFullError) full.push(row)
        else rejected.push({ ...row, problem: problemOf(error) })
      },
      onProgress: ({ accepted, known }) => {
        const isNew = accepted - known - (seen.accepted - seen.known)
        tally.add({ accepted: isNew, known: known - seen.known })
        seen = { accepted, known }
      },
    })
    .catch((error: unknown) => {
      throw error instanceof SendManyError ? error.cause : error
    })
  for (const row of rejected) {
    await onRejected(row)
    tally.add({ rejected: 1 })
  }
  return full
}

/** Codes are for programs; an error that nobody expected ends the mailing. */
function problemOf(error: unknown): string {
  if (!isMailroomError(error)) throw error
  return `${error.message} (${error.code})`
}
