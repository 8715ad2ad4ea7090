import type { Terminal } from './terminal.ts'

/** Tells of a held message whose record cannot be read: no other is hidden by it, and it is not removed. */
export function tellUnreadable(id: string, terminal: Pick<Terminal, 'warn'>): void {
  terminal.warn(
    { id, code: 'RECORD_UNREADABLE' },
    `mailroom: the record of ${id} cannot be read (RECORD_UNREADABLE): it is held, and nothing was changed`,
  )
}
