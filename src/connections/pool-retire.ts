import type { SessionEnd } from './pool-event.ts'
import type { Entry, PoolState } from './pool-state.ts'

/** Closes a session unless somebody holds it: then `release` sees to it. */
export function retireIdle(state: PoolState, entry: Entry, why: SessionEnd): void {
  const at = state.idle.indexOf(entry)
  if (at === -1) return
  state.idle.splice(at, 1)
  void retire(state, entry, why)
}

/** Closes a session that nobody holds; until it is closed its seat stays taken. */
export async function retire(state: PoolState, entry: Entry, why: SessionEnd): Promise<void> {
  const { session } = entry
  const giveBack = state.seats.leaveSoon()
  state.entries.delete(session)
  clearTimeout(entry.idleTimer)
  const { name } = state.resolved.manager
  state.emit({ event: 'session-closed', manager: name, messages: session.messages, why })
  if (session.isUsable) await session.quit()
  else session.destroy()
  giveBack()
}

/** Others may have what is not used; those that were used least lately go first. */
export function closeSurplus(state: PoolState): void {
  while (state.seats.isOver) {
    const entry = state.idle.shift()
    if (entry === undefined) return
    void retire(state, entry, 'surplus')
  }
}
