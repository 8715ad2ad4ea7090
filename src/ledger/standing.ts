import type { MessageState, RecipientState } from './ledger.ts'

const LETTERS = {
  pending: 'p',
  delivered: 'd',
  refused: 'r',
  uncertain: 'u',
  expired: 'e',
  cancelled: 'c',
  superseded: 's',
} as const satisfies Record<RecipientState, string>

/** Pending once more, although it may have arrived: whatever ends it so is uncertain, as before. */
export const AGAIN = 'q'
/** Delivered by decision, although no answer came: a late one still has its say. */
export const ACCEPTED = 'a'

const STATES: ReadonlyMap<string, RecipientState> = new Map([
  ['p', 'pending'],
  [AGAIN, 'pending'],
  [ACCEPTED, 'delivered'],
  ['d', 'delivered'],
  ['r', 'refused'],
  ['u', 'uncertain'],
  ['e', 'expired'],
  ['c', 'cancelled'],
  ['s', 'superseded'],
])

/** What decides the state of a settled message: the first of these letters that it has. */
export const GRAVEST_FIRST: readonly (readonly [letter: string, state: MessageState])[] = [
  [LETTERS.pending, 'deferred'],
  [AGAIN, 'deferred'],
  [LETTERS.uncertain, 'uncertain'],
  [LETTERS.refused, 'refused'],
  [LETTERS.expired, 'expired'],
  [LETTERS.cancelled, 'cancelled'],
  [LETTERS.superseded, 'superseded'],
  [LETTERS.delivered, 'delivered'],
  [ACCEPTED, 'delivered'],
]

/** The letter of a state in a standing: one letter per recipient, in the order of the envelope. */
export function letterOf(state: RecipientState): string {
  return LETTERS[state]
}

/** The state that a letter of a standing stands for. */
export function stateOf(letter: string | undefined): RecipientState {
  return STATES.get(letter ?? '') ?? 'pending'
}

/** Whether `text` is one: a letter for each recipient. */
export function isStanding(text: string): boolean {
  return /^[pqdruaecs]+$/.test(text)
}

/** The indices of the recipients that the next attempt tries. */
export function pendingIn(standing: string): readonly number[] {
  const pending: number[] = []
  for (let index = 0; index < standing.length; index += 1) {
    if (stateOf(standing[index]) === 'pending') pending.push(index)
  }
  return pending
}
