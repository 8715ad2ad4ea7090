import type { MessageState } from '../ledger/ledger.ts'
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

/** Tells that a message is already so far that nothing can be changed; with which exit code that would end alone. */
export function tellTooLate(id: string, state: MessageState, terminal: Terminal): ExitCode {
  terminal.tell({ id, state }, `${id} is ${state}: too late`)
  return EXIT.notDelivered
}
