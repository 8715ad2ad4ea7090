import type { MessageState } from './ledger.ts'

const NEEDS_NONE: ReadonlySet<MessageState> = new Set(['delivered', 'cancelled', 'superseded'])

/** Whether somebody may still send a message in this state, or look at it, and so needs its content. */
export function needsContent(state: MessageState): boolean {
  return !NEEDS_NONE.has(state)
}
