import type { MessageState } from './ledger.ts'

/** The answer to `reschedule`; `too-late` tells the state that holds, and nothing was changed. */
export type Rescheduled =
  | { readonly kind: 'rescheduled' }
  | { readonly kind: 'too-late'; readonly state: MessageState }
  | { readonly kind: 'unknown' }
