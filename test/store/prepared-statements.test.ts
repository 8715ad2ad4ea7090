import { expect, test } from 'vitest'

import { openSharedPool, type SharedPool } from '../../src/store/shared-pool.ts'
import { describePostgres } from '../support/postgres.ts'
import { uniqueSchema } from '../support/postgres-schema.ts'

/** One connection, so that each statement meets what the ones before have left. */
async function openPool(url: string): Promise<SharedPool & AsyncDisposable> {
  const pool = await openSharedPool({
    location: 'a test',
    parameters: () => Promise.resolve({ connectionString: url }),
    maxConnections: 1,
    onError: (error) => {
      throw error
    },
  })
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.close() })
}

async function preparedIn(pool: SharedPool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::int as count from pg_prepared_statements',
  )
  return rows[0]?.count ?? 0
}

const ADD = 'select $1::int + $2::int as sum'

describePostgres('a pool on Postgres', ({ owner }) => {
  test('has a connection parse a statement once, however often it is asked', async () => {
    await using pool = await openPool(owner)
    for (const number of [1, 2, 3]) {
      expect((await pool.query(ADD, [number, 1])).rows).toEqual([{ sum: number + 1 }])
    }
    expect(await preparedIn(pool)).toBe(1)
  })

  test('goes on when what a function answers has changed under it', async () => {
    await using pool = await openPool(owner)
    const name = uniqueSchema()
    const answers = (column: string): Promise<unknown> =>
      pool.query(`
        drop function if exists ${name}(int);
        create function ${name}(given int, out ${column} int) language sql as 'select given'`)
    const ask = (): Promise<{ rows: unknown[] }> => pool.query(`select * from ${name}($1)`, [1])
    await answers('one')
    expect((await ask()).rows).toEqual([{ one: 1 }])
    await answers('two')
    for (const _ of [1, 2]) expect((await ask()).rows).toEqual([{ two: 1 }])
    await pool.query(`drop function ${name}(int)`)
  })

  test('goes on behind a pooler that forgets statements', async () => {
    await using pool = await openPool(owner)
    await pool.query(ADD, [1, 1])
    await pool.query('deallocate all')
    for (const _ of [1, 2]) expect((await pool.query(ADD, [1, 1])).rows).toEqual([{ sum: 2 }])
    expect(await preparedIn(pool)).toBe(0)
  })

  test('tells what is wrong with a statement as before', async () => {
    await using pool = await openPool(owner)
    await expect(pool.query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' })
    await expect(pool.query('selekt $1', [0])).rejects.toMatchObject({ code: '42601' })
    expect((await pool.query(ADD, [1, 1])).rows).toEqual([{ sum: 2 }])
  })
})
