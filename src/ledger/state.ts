import { RecordUnreadableError } from './errors.ts'
import type { FinalState, MessageState } from './ledger.ts'

/** The states in which somebody may still send the message. */
export const OPEN_STATES = [
  'queued',
  'active',
  'deferred',
] as const satisfies readonly MessageState[]

/** The states from which nobody sends any more. */
export const FINAL_STATES = [
  'delivered',
  'refused',
  'uncertain',
  'expired',
  'cancelled',
  'superseded',
] as const satisfies readonly FinalState[]

/** Reads the state of message `id` as a store keeps it. Throws `RecordUnreadableError`. */
export function parseState(text: unknown, id: string): MessageState {
  return OPEN_STATES.find((state) => state === text) ?? parseFinalState(text, id)
}

/** Reads a state from which nobody sends any more. Throws `RecordUnreadableError`. */
export function parseFinalState(text: unknown, id: string): FinalState {
  const found = FINAL_STATES.find((state) => state === text)
  if (found === undefined) throw new RecordUnreadableError(id, 'a known state')
  return found
}
