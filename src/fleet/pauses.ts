import type { Store } from '../store/store.ts'
import { PauseUnreadableError } from './errors.ts'
import {
  decodePauses,
  encodePauses,
  NEVER_PAUSED,
  paused,
  resumed,
  type ManagerPauses,
} from './manager-pauses.ts'
import { openRecords } from './records.ts'

/** Which connection managers the whole fleet does not use, because an operator said so. */
export interface Pauses {
  /** Stops the use of `manager`; one that is paused stays so. Answers the pause. */
  pause(manager: string, reason?: string): Promise<ManagerPauses>
  /**
   * Lets `manager` be used again, and has everybody try it at once. Answers whether it was paused,
   * and since when.
   */
  resume(manager: string): Promise<{ readonly since: number } | undefined>
  /** Every manager of which anything is known. Throws `PauseUnreadableError`. */
  list(): Promise<ReadonlyMap<string, ManagerPauses>>
}

/** The store's channel that tells of a change; the text is the manager's name. */
export const PAUSES = 'pauses'

const MAX_TRIES = 20

/** Opens the pauses of a store, which stays its owner's. */
export function openPauses(store: Store): Pauses {
  const records = openRecords(store, 'pauses')

  const change = async (
    manager: string,
    transition: (before: ManagerPauses, now: number) => ManagerPauses,
  ): Promise<{ readonly before: ManagerPauses; readonly after: ManagerPauses }> => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const text = await records.read(manager)
      // What nobody can read is replaced: an operator must be able to end it.
      const before = (text === undefined ? undefined : decodePauses(text)) ?? NEVER_PAUSED
      const after = transition(before, Math.round(await store.nowMs()))
      if (await records.replace(manager, text, encodePauses(after))) {
        await store.publish(PAUSES, manager)
        return { before, after }
      }
    }
    throw new Error(`"${manager}" is paused and resumed by too many at once`)
  }

  return {
    pause: async (manager, reason) =>
      (await change(manager, (before, now) => paused(before, reason, now))).after,
    resume: async (manager) => (await change(manager, resumed)).before.current,
    list: async () => new Map((await records.all()).map(readRecord)),
  }
}

function readRecord([manager, text]: readonly [string, string]): [string, ManagerPauses] {
  const pauses = decodePauses(text)
  if (pauses === undefined) throw new PauseUnreadableError(manager)
  return [manager, pauses]
}
