import { expect, test } from 'vitest'

import { migrateStore } from '../../src/cli/migration.ts'
import { connectPostgres } from '../support/postgres-users.ts'
import { describePostgres } from '../support/postgres.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { newPlace, openBench, type Bench } from './place.ts'

const NAMES = Array.from({ length: 500 }, (_, at) => `Büro ${at}`)

/** Consumers of all names, each with nothing to do, and what they take. */
async function serveAll(bench: Bench): Promise<ReadonlySet<string>> {
  const taken = new Set<string>()
  for (const name of NAMES) {
    await bench.consume(
      async ({ id }) => {
        taken.add(id)
        return { kind: 'done' }
      },
      { name },
    )
  }
  return taken
}

/** Every consumer wakes up for a job of its own. */
async function expectAllWake(bench: Bench, taken: ReadonlySet<string>): Promise<void> {
  for (const [at, name] of NAMES.entries()) {
    await bench.queues.add(name, [{ id: `m-${at}`, data: 1 }])
  }
  await expect.poll(() => taken.size).toBe(NAMES.length)
}

describePostgres('500 names in one process', ({ owner, user }) => {
  test('share a dozen connections on Postgres, and all wake up', async () => {
    const { options } = newPlace(user)
    const schema = options.schema ?? ''
    await migrateStore(owner, { prefix: '', schema, isDryRun: false })
    const place = { location: `${user}&application_name=${schema}`, options: { schema } }
    await using bench = await openBench(place)
    const taken = await serveAll(bench)
    await expectAllWake(bench, taken)
    const observer = await connectPostgres(user)
    const { rows } = await observer.query(
      `select count(*)::int as open, count(*) filter (where query like 'LISTEN%')::int as listening
       from pg_stat_activity where application_name = $1`,
      [schema],
    )
    await observer.end()
    expect(rows[0]?.open).toBeLessThanOrEqual(13)
    expect(rows[0]?.listening).toBe(1)
    expect(bench.errors).toEqual([])
  })
})

describeOwnRedis('500 names in one process', () => {
  test('share one connection on Redis besides one each that blocks, and all wake up', async () => {
    await using redis = await startRedis()
    await using bench = await openBench(newPlace(redis.url))
    if (bench.store.kind !== 'redis') throw new Error('expected a Redis')
    const taken = await serveAll(bench)
    await expectAllWake(bench, taken)
    const clients = String(await bench.store.client.client('LIST'))
      .trim()
      .split('\n')
    expect(clients).toHaveLength(NAMES.length + 1)
    expect(bench.errors).toEqual([])
  })
})
