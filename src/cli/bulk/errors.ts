import { MailroomError } from '../../errors.ts'

/** What is wrong at one place of a file of recipients; the text holds nothing of the file. */
export interface RecipientProblem {
  /** From 1. */
  readonly line: number
  /** From 1; absent when it is about the whole row. */
  readonly column?: number
  readonly problem: string
}

const MOST_TOLD = 10

/** Thrown for a file of recipients that cannot be read, or has rows that cannot be sent to. */
export class InvalidRecipientsError extends MailroomError {
  override readonly code = 'INVALID_RECIPIENTS'
  /** The first ones. */
  readonly problems: readonly RecipientProblem[]

  constructor(
    file: string,
    problems: readonly RecipientProblem[],
    count = problems.length,
    options?: ErrorOptions,
  ) {
    const lines = problems
      .slice(0, MOST_TOLD)
      .map((each) => `  ${file}:${describePlace(each)}: ${each.problem}`)
    const more = count > MOST_TOLD ? [`  and ${count - MOST_TOLD} more`] : []
    super(
      `nothing was sent, because "${file}" has ${count === 1 ? 'a problem' : `${count} problems`}; ` +
        `mend it, or leave such rows out with "--errors FILE"\n${[...lines, ...more].join('\n')}`,
      options,
    )
    this.problems = problems
  }
}

/** Thrown when a file of recipients is not the same any more as when it was checked. */
export class RecipientsChangedError extends MailroomError {
  override readonly code = 'RECIPIENTS_CHANGED'

  constructor(file: string) {
    super(
      `"${file}" changed while it was read: expected a file that nobody writes to; run the same ` +
        'command again, and nobody gets the message twice',
    )
  }
}

/** Thrown for a message that uses a field for which the recipients have no column. */
export class InvalidTemplateError extends MailroomError {
  override readonly code = 'INVALID_TEMPLATE'
  readonly line: number
  readonly column: number

  constructor(what: string, field: string, line: number, column: number, hint: string | undefined) {
    super(
      `${what} uses {{${field}}} at line ${line}, column ${column}, but the recipients have no such ` +
        `column${hint === undefined ? '' : `: did you mean {{${hint}}}?`}`,
    )
    this.line = line
    this.column = column
  }
}

/** `3:2`: line and column. */
export function describePlace({ line, column }: RecipientProblem): string {
  return column === undefined ? String(line) : `${line}:${column}`
}
