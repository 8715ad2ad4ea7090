import { UnknownMessageError } from '../producer/errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** Tells that one of several ids names no message, and goes on; with which exit code that would end alone. */
export function tellUnknown(id: string, terminal: Terminal): ExitCode {
  const { code, message } = new UnknownMessageError(id)
  terminal.warn(
    { event: 'error', id, code, message, exitCode: EXIT.failure },
    `mailroom: ${message} (${code})`,
  )
  return EXIT.failure
}
