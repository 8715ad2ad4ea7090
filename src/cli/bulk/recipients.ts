import { isOneLine } from '../../job/text.ts'
import { parseMailbox, type Mailbox } from '../../smtp/address.ts'
import type { CsvFile, CsvRecord } from './csv.ts'
import { InvalidRecipientsError, type RecipientProblem } from './errors.ts'

/** The columns of a file of recipients. */
export interface Columns {
  /** As the file has them, without the white space around them. */
  readonly names: readonly string[]
  /** Where the address is. */
  readonly address: number
  /** Where the name is; -1 when there is none. */
  readonly name: number
}

/** A row that a message can go to, or why none can. */
export type RecipientRow =
  | {
      readonly kind: 'recipient'
      readonly line: number
      readonly values: readonly string[]
      readonly to: Mailbox
    }
  | {
      readonly kind: 'unusable'
      readonly values: readonly string[]
      readonly problem: RecipientProblem
    }

export type Recipient = Extract<RecipientRow, { kind: 'recipient' }>

/** What rows are held against: the columns that the message uses, and those of its subject. */
export interface Uses {
  readonly fields: readonly string[]
  readonly subjectFields: readonly string[]
}

/** Columns that the file of rejected rows has in front of the others, so that it can be used again. */
export const REMARK_COLUMNS = ['mailroom_line', 'mailroom_problem'] as const

/** Reads the heading. Throws `InvalidRecipientsError` for one without an address, or an unclear one. */
export async function readColumns(file: CsvFile): Promise<Columns> {
  for await (const { values, line } of file.records()) {
    const names = values.map((name) => name.trim())
    const problems = findHeadingProblems(names, line)
    if (problems.length > 0) throw new InvalidRecipientsError(file.name, problems)
    const lower = names.map((name) => name.toLowerCase())
    return {
      names,
      address: lower.findIndex(isAddressColumn),
      name: lower.indexOf('name'),
    }
  }
  const problem = 'expected a first line with the names of the columns, got an empty file'
  throw new InvalidRecipientsError(file.name, [{ line: 1, problem }])
}

/** Reads every row behind the heading. */
export async function* readRecipients(
  file: CsvFile,
  columns: Columns,
  uses: Uses,
): AsyncGenerator<RecipientRow, void, undefined> {
  let isHeading = true
  for await (const record of file.records()) {
    if (!isHeading) yield recipientOf(record, columns, uses)
    isHeading = false
  }
}

/** The value of a column. */
export function valueOf({ values }: Recipient, { names }: Columns, field: string): string {
  return values[names.indexOf(field)] ?? ''
}

function isAddressColumn(name: string): boolean {
  return name === 'to' || name === 'email'
}

function findHeadingProblems(names: readonly string[], line: number): readonly RecipientProblem[] {
  const addresses = names.filter((name) => isAddressColumn(name.toLowerCase()))
  const problems = names.flatMap((name, at): RecipientProblem[] => {
    const place = { line, column: at + 1 }
    if (name === '') return [{ ...place, problem: 'expected the name of a column' }]
    if (names.indexOf(name) < at) return [{ ...place, problem: 'there is such a column already' }]
    return []
  })
  if (addresses.length === 1) return problems
  const got = addresses.length === 0 ? 'neither' : 'more than one'
  return [...problems, { line, problem: `expected a column "to" or "email", got ${got}` }]
}

function recipientOf({ line, values }: CsvRecord, columns: Columns, uses: Uses): RecipientRow {
  const unusable = (problem: string, at?: number): RecipientRow => ({
    kind: 'unusable',
    values,
    problem: { line, problem, ...(at !== undefined && { column: at + 1 }) },
  })
  const { names } = columns
  if (values.length !== names.length) {
    const problem = `expected ${names.length} fields as in the first line, got ${values.length}`
    return unusable(problem, Math.min(values.length, names.length))
  }
  const parsed = parseMailbox((values[columns.address] ?? '').trim())
  if (parsed.kind === 'invalid') {
    return unusable(`${parsed.reason}, at character ${parsed.position + 1}`, columns.address)
  }
  const name = (values[columns.name] ?? '').trim()
  if (!isOneLine(name)) return unusable('expected a name on one line', columns.name)
  for (const field of uses.fields) {
    const at = names.indexOf(field)
    const value = values[at] ?? ''
    if (value.includes('\0')) return unusable('expected no NUL characters', at)
    if (uses.subjectFields.includes(field) && !isOneLine(value)) {
      return unusable('expected one line, because the subject uses it', at)
    }
  }
  const to = name === '' ? parsed.mailbox : { name, address: parsed.mailbox.address }
  return { kind: 'recipient', line, values, to }
}
