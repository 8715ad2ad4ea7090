import type { RedisStore } from '../store/store.ts'
import { REQUEUED } from './entry.ts'
import type { Ledger } from './ledger.ts'
import { cancel } from './redis/cancel.ts'
import { claim } from './redis/claim.ts'
import { forget } from './redis/forget.ts'
import { evictHistory, history, note } from './redis/history.ts'
import { createKeys } from './redis/keys.ts'
import { mark } from './redis/mark.ts'
import { countHeld, get, list } from './redis/read.ts'
import { enqueued, stranded } from './redis/outbox.ts'
import { createRecordSimple, recordMany } from './redis/record-many.ts'
import { reopen } from './redis/reopen.ts'
import { reschedule } from './redis/reschedule.ts'
import { settle } from './redis/settle.ts'
import { supersede } from './redis/supersede.ts'
import { dueUncertain, settleUncertain } from './redis/uncertain.ts'
import { digestOf, pageOpen, removeHeld } from './redis/upkeep.ts'
import { createUsual } from './redis/usual.ts'

/**
 * The ledger on Redis: one hash per message, one script per decision (`redis/keys.ts`).
 *
 * Delivered and cancelled messages expire by themselves `retentionMs` after their end.
 */
export function createRedisLedger(store: RedisStore, retentionMs: number): Ledger {
  const { client, prefix } = store
  const keys = createKeys(prefix)
  const usual = createUsual(store, retentionMs)
  const simple = createRecordSimple(store, keys)
  return {
    record: (entries) => recordMany(client, simple, keys, retentionMs, entries),
    forget: (id) => forget(client, keys, id),
    claim: (request) => claim(client, usual, keys, retentionMs, request),
    mark: (id, fence, recipients, withinMs, plan) =>
      mark(client, usual, keys, id, fence, recipients, withinMs, plan),
    settle: (id, fence, settlement) =>
      settle(client, usual, keys, retentionMs, id, fence, settlement),
    cancel: (id) => cancel(client, keys, retentionMs, id),
    reschedule: (id, at) => reschedule(client, keys, retentionMs, id, at),
    supersede: (id) => supersede(client, keys, retentionMs, id),
    reopen: (id, options = {}) => reopen(client, keys, retentionMs, id, options),
    settleUncertain: (id, decision) => settleUncertain(client, keys, retentionMs, id, decision),
    get: (id) => get(client, keys, id),
    history: (id) => history(client, keys, id),
    list: (query) => list(client, keys, query),
    countHeld: (connection) => countHeld(client, keys, connection),
    enqueued: (ids) => enqueued(client, keys, ids),
    stranded: (forMs, limit) => stranded(client, keys, forMs, limit),
    pageOpen: (query) => pageOpen(client, keys, query),
    dueUncertain: (offset, limit) => dueUncertain(client, keys, offset, limit),
    noteRequeued: (id) => note(client, keys, id, REQUEUED),
    evictHistory: (limits, limit) => evictHistory(client, keys, limits, limit),
    digestOf: (id) => digestOf(client, keys, id),
    removeHeld: (id, forMs) => removeHeld(client, keys, id, forMs),
  }
}
