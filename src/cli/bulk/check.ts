import type { CsvFile } from './csv.ts'
import { InvalidRecipientsError, type RecipientProblem } from './errors.ts'
import type { Mailing } from './mailing.ts'
import { readRecipients, type Columns, type Recipient } from './recipients.ts'
import { createSeen } from './seen.ts'

/** What a file of recipients holds. */
export interface Checked {
  readonly rows: number
  /** Rows to which nothing can be sent. */
  readonly unusable: number
  /** Rows that make the same message as one before them: it is sent once. */
  readonly repeated: number
  /** Rows with the address of one before them and another message: both are sent. */
  readonly sameAddress: number
  readonly first: Recipient | undefined
}

const MOST_KEPT = 10

/**
 * Reads the whole file before anything is sent.
 *
 * Throws `InvalidRecipientsError` with the first problems, unless unusable rows are left out.
 */
export async function checkRecipients(
  file: CsvFile,
  columns: Columns,
  mailing: Mailing,
  { leavesOut, signal }: { readonly leavesOut: boolean; readonly signal: AbortSignal },
): Promise<Checked> {
  const keys = createSeen()
  const addresses = createSeen()
  const problems: RecipientProblem[] = []
  const counts = { rows: 0, unusable: 0, repeated: 0, sameAddress: 0 }
  let first: Recipient | undefined
  for await (const row of readRecipients(file, columns, mailing)) {
    signal.throwIfAborted()
    counts.rows += 1
    if (row.kind === 'unusable') {
      counts.unusable += 1
      if (problems.length < MOST_KEPT) problems.push(row.problem)
      continue
    }
    first ??= row
    const isSameAddress = addresses.add(row.to.address.toLowerCase())
    if (keys.add(mailing.keyOf(row))) counts.repeated += 1
    else if (isSameAddress) counts.sameAddress += 1
  }
  if (problems.length > 0 && !leavesOut) {
    throw new InvalidRecipientsError(file.name, problems, counts.unusable)
  }
  return { ...counts, first }
}
