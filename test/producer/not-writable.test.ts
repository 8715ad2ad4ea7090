import { rm } from 'node:fs/promises'

import { Redis } from 'ioredis'
import { expect, test } from 'vitest'

import { migrateStore } from '../../src/cli/migration.ts'
import { tryWrite } from '../../src/fleet/trial-write.ts'
import { openStore } from '../../src/store/open.ts'
import { uniqueSchema } from '../support/postgres-schema.ts'
import { describePostgres } from '../support/postgres.ts'
import { keysOf } from '../support/redis-keys.ts'
import { describeOwnRedis, uniquePrefix } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { mail, mailroomOn } from './mailroom-on.ts'

const on = (queue: string): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'mailroom' })

/** What a producer hears, and whoever only tries. */
async function answersOf(at: TestStore): Promise<readonly unknown[]> {
  await using mailroom = mailroomOn(at)
  await using store = await openStore(at.queue, { ...at, patience: 'fail-fast' })
  return await Promise.all(
    [mailroom.send(mail('x')), tryWrite(store)].map((done) =>
      done.catch((error: unknown) => error),
    ),
  )
}

function refusedFor(reason: RegExp): object {
  return { code: 'STORE_NOT_WRITABLE', message: expect.stringMatching(reason) }
}

describeOwnRedis('a Redis that answers and takes no writes', () => {
  test.for<
    [what: string, args: readonly string[], harm: (redis: Redis) => Promise<unknown>, why: RegExp]
  >([
    [
      'a replica',
      ['--replicaof', '127.0.0.1 1', '--replica-serve-stale-data', 'yes'],
      async () => {},
      /it is a replica.*the master/,
    ],
    ['one without its replicas', ['--min-replicas-to-write', '1'], async () => {}, /min-replicas/],
    ['one whose memory is full', ['--maxmemory', '64kb'], async () => {}, /memory is full/],
    ['one that cannot save', [], breakSaving, /could not write to its disk/],
  ])('%s is told with its cause', async ([, args, harm, why]) => {
    await using redis = await startRedis({ args })
    const client = new Redis(redis.url)
    await harm(client)
    client.disconnect()
    const refused = refusedFor(why)
    const answers = await answersOf(on(redis.url))
    // One that cannot save does not end in good order.
    await redis.kill()
    expect(answers).toMatchObject([refused, refused])
  })

  test('a worker waits until it writes again, and sends each message once', async () => {
    await using redis = await startRedis()
    await using server = await startSmtpServer()
    await using room = await openRoom(on(redis.url), { port: server.port }, { starts: false })
    const { id } = await room.send()
    const client = new Redis(redis.url)
    await client.config('SET', 'maxmemory', '64kb')
    await room.worker.start()
    await expect
      .poll(() => room.told('store-error').map(({ code }) => code))
      .toContain('STORE_NOT_WRITABLE')
    await client.config('SET', 'maxmemory', '0')
    client.disconnect()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(server.mails).toHaveLength(1)
  })
})

describeStores('a trial', (place) => {
  test('takes what it wrote away again', async () => {
    const at = place()
    // A producer makes the tables where there are none yet.
    await using mailroom = mailroomOn(at)
    await mailroom.send(mail('x'))
    await using store = await openStore(at.queue, { ...at, patience: 'fail-fast' })
    await expect(tryWrite(store)).resolves.toBeUndefined()
    const left =
      store.kind === 'redis'
        ? await keysOf(store.client, `${at.prefix}:trial*`)
        : (await store.pool.query(`select 1 from fleet_turn where task like 'trial%'`)).rows
    expect(left).toEqual([])
  })
})

describePostgres('a Postgres that is read-only', ({ owner, user }) => {
  test('is told with its cause', async () => {
    const at = { ...on(user), schema: uniqueSchema() }
    await migrateStore(owner, { ...at, isDryRun: false })
    const location = new URL(user)
    location.searchParams.set('options', '-c default_transaction_read_only=on')
    const refused = refusedFor(/it is read-only.*default_transaction_read_only/)
    expect(await answersOf({ ...at, queue: location.href })).toMatchObject([refused, refused])
  })
})

/** Takes the folder away that Redis saves into. */
async function breakSaving(redis: Redis): Promise<void> {
  const [, folder = ''] = await redis.config('GET', 'dir')
  await rm(folder, { recursive: true })
  await redis.config('SET', 'save', '3600 1')
  await redis.bgsave()
  await expect.poll(() => redis.info('persistence')).toContain('rdb_last_bgsave_status:err')
}
