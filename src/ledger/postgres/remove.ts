import type { SharedPool } from '../../store/shared-pool.ts'

/** Removes a record that nobody has claimed. */
export async function forget(pool: SharedPool, id: string): Promise<void> {
  await pool.query(
    `with gone as (
       delete from ledger where id = $1 and state = 'queued' and fence = 0 returning id
     )
     delete from ledger_history using gone where ledger_history.id = gone.id`,
    [id],
  )
}

/** Removes messages that ended longer ago than the retention, and are not held, and what only they were known by. */
export async function purge(pool: SharedPool, retentionMs: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `with old as (
       select id from ledger
       where accepted_at < clock_timestamp() - $1 * interval '1 millisecond'
         and updated_at < clock_timestamp() - $1 * interval '1 millisecond'
         and state in ('delivered', 'cancelled', 'superseded')
       limit $2
       for update skip locked
     ), history as (
       delete from ledger_history using old where ledger_history.id = old.id
     ), newest as (
       delete from ledger_newest using old where ledger_newest.id = old.id
     )
     delete from ledger using old where ledger.id = old.id`,
    [retentionMs, limit],
  )
  return rowCount ?? 0
}
