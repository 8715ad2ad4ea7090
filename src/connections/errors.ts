import { MailroomError } from '../errors.ts'
import type { ConfigurationIssue } from './configuration-issue.ts'

/** Thrown for a `${` that begins neither `${env:NAME}` nor `${file:path}`. */
export class InvalidReferenceError extends MailroomError {
  override readonly code = 'INVALID_REFERENCE'
  /** Where the reference begins in its text; the first character is 1. */
  readonly position: number

  constructor(position: number) {
    super(
      'expected "${env:NAME}" or "${file:path}" at position ' +
        `${position}, got another "\${"; write "$\${" for a literal "\${"`,
    )
    this.position = position
  }
}

/** What is wrong with a secret that is there: it is not what its property needs. */
export type SecretFlaw =
  'no-authority' | 'no-certificate' | 'broken-chain' | 'no-key' | 'key-locked' | 'key-of-another'

interface SecretErrorOptions extends ErrorOptions {
  readonly flaw?: SecretFlaw
}

/** Thrown when the variable or file that a secret refers to is missing, unreadable, empty or no use. */
export class SecretUnavailableError extends MailroomError {
  override readonly code = 'SECRET_UNAVAILABLE'
  /** As configured: `${env:NAME}` or `${file:path}`; or the property. */
  readonly reference: string
  /** Absent when there is no value at all. */
  readonly flaw: SecretFlaw | undefined

  constructor(reference: string, problem: string, { flaw, ...options }: SecretErrorOptions = {}) {
    const advice = flaw === undefined ? ': give the process a value for it' : ''
    super(`"${reference}" ${problem}${advice}`, options)
    this.reference = reference
    this.flaw = flaw
  }
}

/** Thrown for a connection string that SSIS would not have written. Never holds a secret. */
export class InvalidConnectionStringError extends MailroomError {
  override readonly code = 'INVALID_CONNECTION_STRING'
  /** As written; absent when the problem is not with one key. */
  readonly key: string | undefined
  /** Where the problem begins; the first character is 1. */
  readonly position: number

  constructor(problem: string, at: { readonly key?: string; readonly position: number }) {
    super(`connection string, position ${at.position}: ${problem}`)
    this.key = at.key
    this.position = at.position
  }
}

/** Thrown for a text that describes no manager group. */
export class InvalidGroupStringError extends MailroomError {
  override readonly code = 'INVALID_GROUP_STRING'
  /** Where the problem begins; the first character is 1. */
  readonly position: number

  constructor(problem: string, position: number) {
    super(`manager group, position ${position}: ${problem}`)
    this.position = position
  }
}

export type ConnectionUrlPart =
  'scheme' | 'user' | 'password' | 'host' | 'port' | 'path' | 'query' | 'fragment'

/** Thrown for a URL that describes no connection manager. Never holds any of the URL's user or password. */
export class InvalidConnectionUrlError extends MailroomError {
  override readonly code = 'INVALID_CONNECTION_URL'
  readonly part: ConnectionUrlPart
  /** Where the part begins; the first character is 1. */
  readonly position: number

  constructor(
    problem: string,
    at: { readonly part: ConnectionUrlPart; readonly position: number },
  ) {
    super(`connection URL, ${at.part} at position ${at.position}: ${problem}`)
    this.part = at.part
    this.position = at.position
  }
}

/** Thrown for configuration with problems; it names all of them, each with its path. */
export class InvalidConfigurationError extends MailroomError {
  override readonly code = 'INVALID_CONFIGURATION'
  readonly issues: readonly ConfigurationIssue[]

  constructor(issues: readonly ConfigurationIssue[]) {
    const lines = issues.map((issue) => `  ${describePath(issue.path)}: ${issue.message}`)
    super(
      [
        `configuration has ${issues.length} problem${issues.length === 1 ? '' : 's'}`,
        ...lines,
      ].join('\n'),
    )
    this.issues = issues
  }
}

/** Thrown for a name that no connection manager, and no group, has. */
export class UnknownConnectionError extends MailroomError {
  override readonly code = 'UNKNOWN_CONNECTION'
  /** The name that was asked for. */
  readonly connection: string
  /** The names that there are. */
  readonly known: readonly string[]

  constructor(connection: string, known: readonly string[], nearest: string | undefined) {
    const hint = nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`
    const shown = known.slice(0, 20).map((name) => JSON.stringify(name))
    const names = [...shown, ...(known.length > 20 ? [`${known.length - 20} more`] : [])].join(', ')
    super(
      `no connection manager is called ${JSON.stringify(connection)}${hint} ` +
        (known.length === 0 ? '(there are none: configure one)' : `(known: ${names})`),
    )
    this.connection = connection
    this.known = known
  }
}

/** Thrown when an environment is asked for that the configuration does not have. */
export class UnknownEnvironmentError extends MailroomError {
  override readonly code = 'UNKNOWN_ENVIRONMENT'
  /** The environment that was asked for. */
  readonly environment: string
  /** The environments that there are. */
  readonly known: readonly string[]

  constructor(environment: string, known: readonly string[], nearest: string | undefined) {
    const hint = nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`
    const names = known.map((name) => JSON.stringify(name)).join(', ')
    super(
      `the configuration has no environment ${JSON.stringify(environment)}${hint} ` +
        (known.length === 0
          ? '(it has none: add `environments`, or ask for none)'
          : `(known: ${names})`),
    )
    this.environment = environment
    this.known = known
  }
}

/** Thrown when a name is added that a connection manager or a group already has. */
export class DuplicateConnectionError extends MailroomError {
  override readonly code = 'DUPLICATE_CONNECTION'
  readonly connection: string

  constructor(connection: string) {
    super(
      `a connection manager or group is already called ${JSON.stringify(connection)}: remove it first, or choose another name`,
    )
    this.connection = connection
  }
}

/** Thrown when a group is named where one connection manager is meant. */
export class ConnectionIsGroupError extends MailroomError {
  override readonly code = 'CONNECTION_IS_GROUP'
  readonly connection: string
  /** The connection managers that it stands for. */
  readonly members: readonly string[]

  constructor(connection: string, members: readonly string[]) {
    const names = members.map((name) => JSON.stringify(name)).join(', ')
    super(`${JSON.stringify(connection)} is a group: name one of its connection managers, ${names}`)
    this.connection = connection
    this.members = members
  }
}

/** Thrown when a connection manager is removed that a group still leads to. */
export class ConnectionInUseError extends MailroomError {
  override readonly code = 'CONNECTION_IN_USE'
  readonly connection: string
  readonly group: string

  constructor(connection: string, group: string) {
    super(
      `${JSON.stringify(connection)} is a member of the group ${JSON.stringify(group)}: remove that first`,
    )
    this.connection = connection
    this.group = group
  }
}

/** A path as code would write it: `connections["Mail Server"].port`; the whole is `configuration`. */
function describePath(path: readonly PropertyKey[]): string {
  const text = path
    .map((key) => {
      if (typeof key === 'number') return `[${key}]`
      const name = String(key)
      return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
    })
    .join('')
  return text === '' ? 'configuration' : text.replace(/^\./, '')
}

/** Thrown when a configuration does not say where jobs wait. */
export class NoQueueError extends MailroomError {
  override readonly code = 'NO_QUEUE'

  constructor() {
    super(
      'expected `queue` to say where jobs wait, such as "redis://host:6379" or "embedded:.mailroom", got nothing',
    )
  }
}
