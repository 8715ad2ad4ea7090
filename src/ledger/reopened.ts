import type { HeldState, MessageState } from './ledger.ts'

/** Which held messages may be reopened. */
export interface ReopenOptions {
  /** Also those that may have been delivered: their recipients may get them twice. */
  readonly evenIfUncertain?: boolean
}

/** The answer to `reopen`; `not-held` tells the state that holds, and nothing was changed. */
export type Reopened =
  | { readonly kind: 'reopened' }
  | { readonly kind: 'not-held'; readonly state: MessageState }
  | { readonly kind: 'unknown' }

/** The states from which a message may be reopened, and the letters of the recipients that then wait. */
export function reopenable({ evenIfUncertain = false }: ReopenOptions): {
  readonly states: readonly HeldState[]
  readonly letters: string
} {
  return evenIfUncertain
    ? { states: ['refused', 'expired', 'uncertain'], letters: 'reu' }
    : { states: ['refused', 'expired'], letters: 're' }
}
