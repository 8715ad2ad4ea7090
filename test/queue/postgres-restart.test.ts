import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { migrateStore } from '../../src/cli/migration.ts'
import { connectPostgres } from '../support/postgres-users.ts'
import { startPostgres, type PostgresServer } from '../support/postgres-server.ts'
import { describePostgres } from '../support/postgres.ts'
import { outageConformance, type Outage } from './outage.ts'
import { NAME, newPlace, openBench, type Place } from './place.ts'

describePostgres('queues on a Postgres', () => {
  let server: PostgresServer
  // Each test takes it down and brings it back.
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  /** A schema of the owner's, used by the other user, in a place that nobody may migrate. */
  async function newSchema(): Promise<Place> {
    const { schema = '' } = newPlace('').options
    await migrateStore(server.locate('mailroom_owner'), { prefix: '', schema, isDryRun: false })
    return { location: server.locate('mailroom'), options: { schema } }
  }
  const outage = async (crash: () => Promise<void>): Promise<Outage> => ({
    place: await newSchema(),
    crash,
    recover: () => server.restart(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  })

  describe('that crashes', () => {
    outageConformance(() => outage(() => server.kill()))
  })

  describe('that is restarted', () => {
    outageConformance(() => outage(() => server.stop()))
  })

  test('that has no more connections is asked seldom, and the jobs run when it has', async () => {
    const place = await newSchema()
    await using bench = await openBench(place)
    const taken = new Set<string>()
    await bench.consume(async ({ id }) => {
      taken.add(id)
      return { kind: 'done' }
    })
    await bench.queues.add(NAME, [{ id: 'before', data: 1 }])
    await expect.poll(() => taken.size).toBe(1)

    const superuser = await connectPostgres(server.superuser)
    await superuser.query('alter role mailroom connection limit 0')
    await superuser.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'mailroom'`,
    )
    await expect
      .poll(() => bench.queues.depth(NAME).catch((error: unknown) => error))
      .toMatchObject({ code: 'STORE_UNREACHABLE' })
    await expect.poll(() => bench.errors.length).toBeGreaterThan(1)
    await superuser.query('alter role mailroom connection limit -1')
    await superuser.end()
    await expect
      .poll(() =>
        bench.queues.add(NAME, [{ id: 'after', data: 1 }]).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    await expect.poll(() => taken).toEqual(new Set(['before', 'after']))
    expect(bench.errors.length).toBeLessThan(60)
  })
})
