import { askTogether } from '../store/ask-together.ts'
import type { Rows } from '../store/pool-checkout.ts'
import type { SharedPool } from '../store/shared-pool.ts'

/** What BullMQ asks when a job is done: complete it, and take the next one. */
const COMPLETE =
  /^SELECT \* FROM move_to_completed_fetch\(\s*\$1, \$2, \$3, \$4::jsonb, \$5, \$6, \$7, \$8, \$9, \$10, \$11, \$12, \$13\);?\s*$/m

/** The same for many; a job that is locked has no row, and one without a next job a row of nulls. */
const MANY = `
select c.place::int, n.*
from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::bigint[], $6::bool[], $7::bigint[],
    $8::int[], $9::bigint[], $10::bigint[], $11::text[], $12::int[], $13::bigint[])
    with ordinality c (queue, id, token, value, finished_on, remove_all, keep_age, keep_count,
      lock_ms, now, worker, limiter_max, limiter_duration, place),
  lateral (
    select job.id from job where job.queue = c.queue and job.id = c.id for update skip locked
  ) j
  left join lateral move_to_completed_fetch(c.queue, j.id, c.token, c.value, c.finished_on,
    c.remove_all, c.keep_age, c.keep_count, c.lock_ms, c.now, c.worker, c.limiter_max,
    c.limiter_duration) n on true`

/** The server commits when it has sent the jobs: those of a worker that is frozen fit what the network holds. */
const MOST = 8

type Row = Readonly<Record<string, unknown>>

/** What BullMQ takes for its pool. */
export interface BullPool extends Omit<SharedPool, 'query'> {
  query(text: string, values?: unknown[]): Promise<Rows<unknown>>
}

/** The pool for BullMQ: jobs that are done at the same time are completed by one statement. */
export function completingTogether(pool: SharedPool): BullPool {
  let text = ''
  const complete = askTogether<readonly unknown[], readonly Row[]>(pool, {
    most: MOST,
    one: async (values) => (await pool.query<Row>(text, [...values])).rows,
    async many(calls) {
      const [first = []] = calls
      const columns = first.map((_value, column) => calls.map((values) => values[column]))
      const { rows } = await pool.query<Row>(MANY, columns)
      const byPlace = new Map(rows.map(({ place, ...job }) => [place, job]))
      return calls.map((_call, at) => {
        const next = byPlace.get(at + 1)
        return next && (next['id'] === null ? [] : [next])
      })
    },
  })
  return {
    ...pool,
    async query(asked, values) {
      if (values === undefined || (asked !== text && !COMPLETE.test(asked))) {
        return pool.query(asked, values)
      }
      text = asked
      const rows = await complete(values)
      return { rows: [...rows], rowCount: rows.length }
    },
  }
}
