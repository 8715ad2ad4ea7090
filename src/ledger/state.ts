import { LedgerUnreadableError } from './errors.ts'
import type { FinalState, MessageState } from './ledger.ts'

const OPEN = ['queued', 'active', 'deferred'] as const satisfies readonly MessageState[]

const FINAL = [
  'delivered',
  'refused',
  'uncertain',
  'expired',
  'cancelled',
  'superseded',
] as const satisfies readonly FinalState[]

/** Reads a message's state as a store keeps it. Throws `LedgerUnreadableError`. */
export function parseState(text: unknown): MessageState {
  return OPEN.find((state) => state === text) ?? parseFinalState(text)
}

/** Reads a state from which nobody sends any more. Throws `LedgerUnreadableError`. */
export function parseFinalState(text: unknown): FinalState {
  const found = FINAL.find((state) => state === text)
  if (found === undefined) throw new LedgerUnreadableError('the state of a message')
  return found
}
