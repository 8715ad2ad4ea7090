import { MailroomError } from '../errors.ts'

/** Thrown for a command line that no command understands; the message names what to write instead. */
export class UsageError extends MailroomError {
  override readonly code = 'USAGE'
}

/** Thrown when the file that `--config` names, or one that a command needs, is not there. */
export class ConfigNotFoundError extends MailroomError {
  override readonly code = 'CONFIG_NOT_FOUND'
}

/** Thrown when a configuration file is there but cannot be read as what its name says. */
export class ConfigUnreadableError extends MailroomError {
  override readonly code = 'CONFIG_UNREADABLE'

  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`cannot load the configuration file "${file}": ${why}`, options)
  }
}

/** Thrown by `mailroom init` where a configuration is already; `--force` writes another one. */
export class ConfigExistsError extends MailroomError {
  override readonly code = 'CONFIG_EXISTS'

  constructor(file: string) {
    super(`there is a configuration already, "${file}": give "--force" to write another one`)
  }
}

/** Thrown when a directory that a command writes into cannot be made or written. */
export class DirectoryUnusableError extends MailroomError {
  override readonly code = 'DIRECTORY_UNUSABLE'

  constructor(what: string, directory: string, options?: ErrorOptions) {
    super(
      `cannot write ${what} into "${directory}": expected a directory that this user may write, ` +
        'or a place where one can be made',
      options,
    )
  }
}

/** Thrown for a job on standard input that is no JSON object; the text itself is not repeated. */
export class InvalidJobTextError extends MailroomError {
  override readonly code = 'INVALID_JOB_TEXT'

  constructor() {
    super(
      'expected one job as JSON on standard input, such as {"connection":"relay","message":{…}}, ' +
        'got a text that begins with "{" and is no JSON object',
    )
  }
}

/** Thrown for a message on standard input that cannot be turned into a job without losing something. */
export class InvalidEmlError extends MailroomError {
  override readonly code = 'INVALID_EML'

  constructor(problem: string) {
    super(`the message on standard input ${problem}`)
  }
}

/** Thrown when the content of a message is asked for that was delivered, cancelled or removed. */
export class ContentGoneError extends MailroomError {
  override readonly code = 'CONTENT_GONE'

  constructor(id: string, state: string) {
    super(
      `the content of message "${id}" is gone: it is ${state}, and only what waits or is held keeps it`,
    )
  }
}
