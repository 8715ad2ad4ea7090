import type { PostgresStore } from '../store/store.ts'
import { REQUEUED } from './entry.ts'
import type { Ledger } from './ledger.ts'
import { cancel } from './postgres/cancel.ts'
import { claimTogether } from './postgres/claim.ts'
import { evictHistory, history, note } from './postgres/history.ts'
import { markTogether } from './postgres/mark.ts'
import { countHeld, get, list } from './postgres/read.ts'
import { record } from './postgres/record.ts'
import { forget, purge } from './postgres/remove.ts'
import { reopen } from './postgres/reopen.ts'
import { reschedule } from './postgres/reschedule.ts'
import { planLedger, prepareLedger } from './postgres/schema.ts'
import { settleTogether } from './postgres/settle.ts'
import { supersede } from './postgres/supersede.ts'
import { dueUncertain, settleUncertain } from './postgres/uncertain.ts'
import { digestOf, pageOpen, removeHeld } from './postgres/upkeep.ts'

/**
 * The ledger on Postgres: one row per message, one function call per decision. What it writes
 * inside of `store.atomically` is part of that transaction.
 *
 * Delivered and cancelled messages stay until `purge` finds them older than `retentionMs`.
 */
export function createPostgresLedger(store: PostgresStore, retentionMs: number): Ledger {
  const { pool } = store
  pool.prepare(
    (client) => prepareLedger(client, store),
    (client) => planLedger(client, store),
  )
  return {
    record: (entries) => record(pool, entries),
    forget: (id) => forget(pool, id),
    claim: claimTogether(pool),
    mark: markTogether(pool),
    settle: settleTogether(pool),
    cancel: (id) => cancel(pool, id),
    reschedule: (id, at) => reschedule(pool, id, at),
    supersede: (id) => supersede(pool, id),
    reopen: (id, options = {}) => reopen(pool, id, options),
    settleUncertain: (id, decision) => settleUncertain(pool, id, decision),
    get: (id) => get(pool, id),
    history: (id) => history(pool, id),
    list: (query) => list(pool, query),
    countHeld: (connection) => countHeld(pool, connection),
    pageOpen: (query) => pageOpen(pool, query),
    dueUncertain: (offset, limit) => dueUncertain(pool, offset, limit),
    noteRequeued: (id) => note(pool, id, REQUEUED),
    evictHistory: (limits, limit) => evictHistory(pool, limits, limit),
    digestOf: (id) => digestOf(pool, id),
    removeHeld: (id, forMs) => removeHeld(pool, id, forMs),
    purge: (limit) => purge(pool, retentionMs, limit),
  }
}
