import type { MessageRecord, MessageState } from './ledger.ts'

const NEEDS_NONE: ReadonlySet<MessageState> = new Set(['delivered', 'cancelled', 'superseded'])

/** Whether somebody may still send a message in this state, or look at it, and so needs its content. */
export function needsContent(state: MessageState): boolean {
  return !NEEDS_NONE.has(state)
}

/** The same of a record, which may be gone. */
export function isContentNeeded(record: MessageRecord | undefined): boolean {
  return record !== undefined && needsContent(record.state)
}
