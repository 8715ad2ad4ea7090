import type { Client } from 'pg'

import { StoreNotMigratedError } from '../../store/errors.ts'
import type { PlannedChange } from '../../store/preparations.ts'
import type { PostgresStore } from '../../store/store.ts'
import { LedgerTooNewError } from '../errors.ts'
import { CANCEL_FUNCTION } from './cancel.ts'
import { CLAIM_FUNCTION } from './claim.ts'
import { HISTORY_FUNCTION, HISTORY_TABLE } from './history.ts'
import { MARK_FUNCTION } from './mark.ts'
import { NEWEST_FUNCTION, NEWEST_TABLE } from './newest.ts'
import { RECORD_FUNCTION } from './record.ts'
import { RESCHEDULE_FUNCTION } from './reschedule.ts'
import { SETTLE_FUNCTION } from './settle.ts'
import { TABLE } from './table.ts'
import { TRANSITION } from './transition.ts'
import { UNCERTAIN_FUNCTION } from './uncertain.ts'

/** Raise it with every change of the table or a function; the change must keep old workers going. */
const VERSION = 14

const CREATE = [
  TABLE,
  HISTORY_TABLE,
  NEWEST_TABLE,
  TRANSITION,
  HISTORY_FUNCTION,
  UNCERTAIN_FUNCTION,
  RECORD_FUNCTION,
  NEWEST_FUNCTION,
  CLAIM_FUNCTION,
  MARK_FUNCTION,
  SETTLE_FUNCTION,
  CANCEL_FUNCTION,
  RESCHEDULE_FUNCTION,
  // The version is the table's comment: it appears and changes with what it describes.
  `comment on table ledger is 'version ${VERSION}';`,
].join('\n')

/**
 * Creates the ledger's table and functions, or brings them up to date, in one transaction; does
 * nothing when they are. A store that may not migrate is only checked.
 *
 * The caller holds the lock under which processes take turns. Throws `StoreNotMigratedError`,
 * `LedgerTooNewError`.
 */
export async function prepareLedger(client: Client, store: PostgresStore): Promise<void> {
  if ((await planLedger(client, store)) === undefined) return
  if (!store.mayMigrate) {
    throw new StoreNotMigratedError(store.location, store.schema, 'the table "ledger"')
  }
  // Several statements in one query are one transaction.
  await client.query(CREATE)
}

/** Tells what `prepareLedger` would change. Throws `LedgerTooNewError`. */
export async function planLedger(
  client: Client,
  { location }: PostgresStore,
): Promise<PlannedChange | undefined> {
  const { rows } = await client.query<{ version: string | null }>(
    `select substring(obj_description(to_regclass('ledger'), 'pg_class') from '\\d+') as version`,
  )
  const from = Number(rows[0]?.version ?? 0)
  if (from > VERSION) throw new LedgerTooNewError(location, VERSION, from)
  return from === VERSION ? undefined : { what: 'the ledger', from, to: VERSION }
}
