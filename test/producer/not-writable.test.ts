import { rm } from 'node:fs/promises'

import { Redis } from 'ioredis'
import { expect, test } from 'vitest'

import { migrateStore } from '../../src/cli/migration.ts'
import { tryWrite } from '../../src/fleet/trial-write.ts'
import { createJob } from '../../src/job/create-job.ts'
import { SendManyError, type Mailroom } from '../../src/index.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { enqueue } from '../../src/producer/enqueue.ts'
import type { NotedNames } from '../../src/producer/noted-names.ts'
import { StoreNotWritableError } from '../../src/store/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { uniqueSchema } from '../support/postgres-schema.ts'
import { describePostgres } from '../support/postgres.ts'
import { keysOf } from '../support/redis-keys.ts'
import { describeOwnRedis, uniquePrefix } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { mail, mailroomOn, openBackDoor } from './mailroom-on.ts'

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

  test.for<[what: string, size: number]>([
    ['one by one', 1],
    ['many at once', 60],
  ])('keeps nothing of what it refused when its memory ran full, %s', async ([, size]) => {
    await using redis = await startRedis()
    const at = on(redis.url)
    await using mailroom = mailroomOn(at)
    await mailroom.send(mail('first'))
    await using back = await openBackDoor(at)
    const client = new Redis(redis.url)
    let accepted = 1
    for (let round = 0; round < ROUNDS; round += 1) {
      await leaveLittleRoom(client)
      const some = await sendUntilRefused(mailroom, size)
      accepted += some.accepted
      expect(some.cause).toMatchObject({ code: 'STORE_NOT_WRITABLE' })
      await client.config('SET', 'maxmemory', '0')
    }
    client.disconnect()
    expect(await back.queues.depth('relay')).toMatchObject({ waiting: accepted })
    expect(await countOpen(back.ledger)).toBe(accepted)
  })

  test('has accepted what a worker took before it was refused', async () => {
    await using redis = await startRedis()
    const at = on(redis.url)
    await using back = await openBackDoor(at)
    const { job } = createJob(mail('x'), { now: new Date() })
    const refused = new StoreNotWritableError(at.queue, { reason: 'full', advice: 'wait' })
    const ledger: Ledger = {
      ...back.ledger,
      record: async () => {
        const recipients = ['ann@example.org']
        await back.ledger.claim({ id: job.id, worker: 'w', connection: 'relay', recipients })
        await back.queues.remove('relay', job.id)
        throw refused
      },
    }
    const context = { ...back, ledger, names: NO_NAMES, now: Date.now, stopsAtRefused: true }
    const mails = [{ job, hasKey: false, priority: 'normal' as const }]
    expect(await enqueue(mails, context)).toEqual([{ kind: 'recorded' }])
    expect(await back.ledger.get(job.id)).toMatchObject({ state: 'active' })
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

describeOwnRedis('a master that becomes a replica', () => {
  test('is told as one by a worker, which goes on when it is a master again', async () => {
    await using redis = await startRedis()
    await using server = await startSmtpServer()
    await using room = await openRoom(on(redis.url), { port: server.port })
    const client = new Redis(redis.url)
    await client.replicaof('127.0.0.1', '1')
    await expect
      .poll(() => room.told('store-error').map(({ reason }) => reason))
      .toContainEqual(expect.stringMatching(/it is a replica.*the master/))
    await client.replicaof('NO', 'ONE')
    client.disconnect()
    const { id } = await room.send()
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

/** How often memory runs full: what it is full with differs. */
const ROUNDS = 5
const ROOM_BYTES = 300_000

const NO_NAMES: NotedNames = { note: () => Promise.resolve() }

async function leaveLittleRoom(redis: Redis): Promise<void> {
  const [, used] = /^used_memory:(\d+)/m.exec(await redis.info('memory')) ?? []
  await redis.config('SET', 'maxmemory', String(Number(used) + ROOM_BYTES))
}

/** Sends mails, so many at once, until they are refused; tells how many were accepted, and why no more. */
async function sendUntilRefused(
  mailroom: Mailroom,
  size: number,
): Promise<{ readonly accepted: number; readonly cause: unknown }> {
  for (let accepted = 0; ;) {
    const some = Array.from({ length: size }, () => mail('x'.repeat(200)))
    const ended = await mailroom.sendMany(some).catch((error: unknown) => error)
    if (ended instanceof SendManyError) {
      return { accepted: accepted + ended.accepted, cause: ended.cause }
    }
    accepted += size
  }
}

/** How many messages the ledger knows that are not at their end. */
async function countOpen(ledger: Ledger): Promise<number> {
  let count = 0
  let cursor: string | undefined
  do {
    const page = await ledger.pageOpen({
      untouchedForMs: 0,
      ...(cursor !== undefined && { cursor }),
    })
    count += page.records.length
    cursor = page.cursor
  } while (cursor !== undefined)
  return count
}

/** Takes the folder away that Redis saves into. */
async function breakSaving(redis: Redis): Promise<void> {
  const [, folder = ''] = await redis.config('GET', 'dir')
  await rm(folder, { recursive: true })
  await redis.config('SET', 'save', '3600 1')
  await redis.bgsave()
  await expect.poll(() => redis.info('persistence')).toContain('rdb_last_bgsave_status:err')
}
