import { randomUUID } from 'node:crypto'

import type { Store } from '../store/store.ts'

/** What a write that nobody could take back leaves on Redis is gone after this. */
const EXPIRES_MS = 10_000
/** As much room as some messages and the scripts that take them need. */
const ROOM_BYTES = 262_144

/**
 * Writes something into the store and takes it away again, unseen by everybody else.
 *
 * Rejects with `StoreNotWritableError` and `StoreRightsError`: a store may answer questions and take
 * no mail.
 */
export async function tryWrite(store: Store): Promise<void> {
  const name = `trial-${randomUUID()}`
  if (store.kind === 'redis') {
    const key = `${store.prefix}:${name}`
    try {
      await store.client.set(key, Buffer.alloc(ROOM_BYTES), 'PX', EXPIRES_MS)
      // Redis looks at its memory before a command, and not at what the command will need.
      await store.client.set(key, '', 'PX', EXPIRES_MS)
    } finally {
      // What cannot be taken away now expires; why the trial failed is of more use.
      await store.client.del(key).catch(() => undefined)
    }
    return
  }
  const { pool } = store
  await pool.transaction(async () => {
    await pool.query(`insert into fleet_turn (task, holder, until) values ($1, '', now())`, [name])
    await pool.query('delete from fleet_turn where task = $1', [name])
  })
}
