import type { SharedPool } from '../../store/shared-pool.ts'
import { decide } from './decide.ts'

/** Ends a message that a newer one has superseded, unless a final dot has left. */
export async function supersede(pool: SharedPool, id: string): Promise<boolean> {
  const statement = 'select ledger_supersede($1) as is_changed'
  const [row] = await decide<{ is_changed: boolean }>(pool, id, statement, [id])
  return row?.is_changed === true
}
