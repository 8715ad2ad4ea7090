import { MailroomError } from '../errors.ts'

/** Thrown for a list cursor that no page gave. */
export class InvalidCursorError extends MailroomError {
  override readonly code = 'INVALID_CURSOR'

  constructor() {
    super('expected a cursor as the page before gave it; leave it out to begin anew')
  }
}

/** Thrown when a newer Mailroom has changed the ledger's tables: this one must not write there. */
export class LedgerTooNewError extends MailroomError {
  override readonly code = 'LEDGER_TOO_NEW'

  constructor(location: string, known: number, found: number) {
    super(
      `the ledger in store "${location}" has version ${found}, expected ${known} at most; update this program`,
    )
  }
}

/** Thrown when the store holds or answers what no version of this ledger wrote. */
export class LedgerUnreadableError extends MailroomError {
  override readonly code = 'LEDGER_UNREADABLE'

  constructor(expected: string) {
    super(
      `expected ${expected} from the ledger's store, got something else; did another program write there?`,
    )
  }
}

/**
 * Thrown for one message whose record, or an entry of its history, is none that this ledger wrote:
 * edited by hand, garbage, or of a newer version. Nothing is changed, and its job stays.
 */
export class RecordUnreadableError extends MailroomError {
  override readonly code = 'RECORD_UNREADABLE'
  readonly id: string

  constructor(id: string, expected: string, options?: ErrorOptions) {
    super(
      `the ledger's record of message "${id}" cannot be read: expected ${expected}; nothing was changed, and its job stays`,
      options,
    )
    this.id = id
  }
}
