import type { MessageState, RecipientOutcome } from '../../src/ledger/ledger.ts'

/** What becomes of a recipient after the final dot; `silent`: nobody ever hears. */
export type Fate = 'delivered' | 'deferred' | 'refused' | 'silent'

interface Span {
  /** Nanoseconds of the machine's monotonic clock. */
  readonly began: string
  readonly ended: string
}

/** What one of many did to a message, in the order in which it did so. */
export type Deed = { readonly id: string } & (
  | ({ readonly kind: 'claim'; readonly fence: number } & Span)
  | ({
      readonly kind: 'mark'
      readonly fence: number
      readonly fates: readonly { readonly index: number; readonly fate: Fate }[]
    } & Span)
  | {
      readonly kind: 'settle'
      readonly fence: number
      readonly applied: boolean
      readonly state: MessageState
      readonly outcomes: readonly RecipientOutcome[]
    }
  | { readonly kind: 'cancel' | 'reopen' }
)

/** The deeds of one kind. */
export function ofKind<Kind extends Deed['kind']>(
  deeds: readonly Deed[],
  kind: Kind,
): readonly Extract<Deed, { readonly kind: Kind }>[] {
  return deeds.filter((deed): deed is Extract<Deed, { readonly kind: Kind }> => deed.kind === kind)
}
