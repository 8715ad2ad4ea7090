import { chmod } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { openPlace } from '../../src/store/embedded/directory.ts'
import { readPostmaster } from '../../src/store/embedded/postmaster.ts'
import { attachEmbedded, type EmbeddedPostgres } from '../../src/store/embedded/attach.ts'
import { openStore, type StoreOptions } from '../../src/store/open.ts'
import type { PostgresStore } from '../../src/store/store.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts'
import { expectNoWait } from '../support/without-waiting.ts'
import { startSilentServer } from './silent-server.ts'

const HASTY: StoreOptions = { patience: 'fail-fast' }
const PATIENT: StoreOptions = { patience: 'wait' }
const UNREACHABLE = { code: 'STORE_UNREACHABLE' }

const count = async (store: PostgresStore): Promise<number> => {
  const { rows } = await store.pool.query<{ n: number }>('select count(*)::int as n from thing')
  return rows[0]?.n ?? -1
}
async function openWithTable(opening: Promise<PostgresStore>): Promise<PostgresStore> {
  const store = await opening
  await store.pool.query('create table thing (id int primary key)')
  return store
}
const noChange = async (): Promise<undefined> => undefined
const add = (store: PostgresStore, id: number): Promise<unknown> =>
  store.pool.query('insert into thing values ($1)', [id])

describe('a store on Postgres', () => {
  let temporary: TemporaryDirectory
  let directory: string
  let server: EmbeddedPostgres
  let schemas = 0

  beforeAll(async () => {
    temporary = await temporaryDirectory()
    await chmod(temporary.path, 0o711)
    directory = join(temporary.path, 'store')
    server = await attachEmbedded(directory)
  })
  afterAll(async () => {
    await server.detach()
    await temporary[Symbol.asyncDispose]()
  })

  /** Where the embedded server is, as one that somebody else runs. */
  async function location(password?: string): Promise<string> {
    const { host, port, user, database, ...rest } = await server.parameters()
    return `postgres://${user}:${encodeURIComponent(password ?? rest.password)}@${host}:${port}/${database}`
  }
  const newSchema = (): string => `outage_${(schemas += 1)}`
  async function open(options: Partial<StoreOptions> = {}): Promise<PostgresStore> {
    const store = await openStore(`embedded:${directory}`, {
      ...PATIENT,
      schema: newSchema(),
      ...options,
    })
    if (store.kind === 'redis') throw new Error('expected a Postgres')
    return store
  }
  async function killServer(): Promise<void> {
    const { pid } = (await readPostmaster(await openPlace(directory))) ?? {}
    if (pid === undefined) throw new Error('expected a server that runs')
    process.kill(pid, 'SIGKILL')
  }

  test('a hasty store that never was up rejects at once', async () => {
    const port = await freePort()
    const place = `127.0.0.1:${port}/mail`
    await expectNoWait(async () => {
      await using store = await openStore(`postgres://me:s3cret@${place}`, HASTY)
      const answer = await store.nowMs().catch((error: unknown) => error)
      expect(answer).toMatchObject({ ...UNREACHABLE, location: `postgres://${place}` })
      expect(String(answer)).not.toContain('s3cret')
      await expect(store.atomically(() => store.nowMs())).rejects.toMatchObject(UNREACHABLE)
      await expect(store.ping()).rejects.toMatchObject(UNREACHABLE)
    })
  })

  test('a hasty store on a silent network rejects within seconds', async () => {
    await using silent = await startSilentServer()
    const before = performance.now()
    await using store = await openStore(`postgres://me@127.0.0.1:${silent.port}/mail`, HASTY)
    await expect(store.nowMs()).rejects.toMatchObject(UNREACHABLE)
    expect(performance.now() - before).toBeLessThan(30_000)
  })

  test('a patient store waits for a server that is not up, until its signal', async () => {
    const errors: unknown[] = []
    const opening = openStore(`postgres://me@127.0.0.1:${await freePort()}/mail`, {
      ...PATIENT,
      signal: AbortSignal.timeout(1200),
      onError: (error) => errors.push(error),
    })
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
    expect(errors).toMatchObject([UNREACHABLE])
  })

  test('a wrong password ends the wait', async () => {
    const options = { ...PATIENT, schema: newSchema(), migrate: true }
    const error = await openStore(await location('s3cret'), options).catch((why: unknown) => why)
    expect(error).toMatchObject({ code: 'STORE_REFUSED' })
    expect(String(error)).not.toContain('s3cret')
    await using store = await openStore(await location(), options)
    await store.ping()
  })

  test('a schema that is not there is refused until somebody may create it', async () => {
    const schema = newSchema()
    const opening = openStore(await location(), { ...PATIENT, schema })
    await expect(opening).rejects.toMatchObject({ code: 'STORE_NOT_MIGRATED' })
    await using migrated = await openStore(await location(), { ...PATIENT, schema, migrate: true })
    await using store = await openStore(await location(), { ...PATIENT, schema })
    await Promise.all([migrated.ping(), store.ping()])
  })

  test.for(['Mail', 'a"b', '', 'x'.repeat(41)])('schema "%s" is refused', async (schema) => {
    await expect(openStore(await location(), { ...PATIENT, schema })).rejects.toMatchObject({
      code: 'INVALID_STORE_OPTION',
    })
  })

  test('a killed server: statements reject, then the store recovers and hears again', async () => {
    const errors: unknown[] = []
    await using store = await open({ onError: (error) => errors.push(error) })
    const heard: string[] = []
    await store.subscribe('news', (text) => heard.push(text))
    const lost = store.pool.query('select pg_sleep(60)').catch((error: unknown) => error)
    const inTransaction = store
      .atomically(() => store.pool.query('select pg_sleep(60)'))
      .catch((error: unknown) => error)
    await store.pool.query('select 1')
    await killServer()
    expect(await lost).toMatchObject(UNREACHABLE)
    expect(await inTransaction).toMatchObject(UNREACHABLE)
    await expect.poll(() => store.nowMs().catch(() => 0)).toBeGreaterThan(1.7e12)
    await expect
      .poll(async () => {
        await store.publish('news', 'again')
        return heard
      })
      .toContain('again')
    for (const error of errors) expect(error).toMatchObject(UNREACHABLE)
  })

  test('a store closes while its server is gone', async () => {
    await using store = await openStore(await location(), {
      ...PATIENT,
      schema: newSchema(),
      migrate: true,
    })
    await store.subscribe('news', () => undefined)
    await killServer()
    await store.close()
    await expect(store.nowMs()).rejects.toThrow(/./)
    await server.parameters()
  })

  describe('in a transaction', () => {
    test('all statements take effect together, or none does', async () => {
      await using store = await openWithTable(open())
      await store.atomically(async () => {
        await Promise.all([add(store, 1), add(store, 2)])
        expect(await store.pool.outside(() => count(store))).toBe(0)
        await store.atomically(() => add(store, 3))
        expect(await count(store)).toBe(3)
      })
      expect(await count(store)).toBe(3)
      const failing = store.atomically(async () => {
        await add(store, 4)
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      expect(await count(store)).toBe(3)
    })

    test('a failed statement that is ignored does not look like success', async () => {
      await using store = await openWithTable(open())
      const ignoring = store.atomically(async () => {
        await add(store, 1)
        await add(store, 1).catch(() => undefined)
      })
      await expect(ignoring).rejects.toMatchObject({ code: 'TRANSACTION_ROLLED_BACK' })
      expect(await count(store)).toBe(0)
    })

    test('a promise that outlives it does not write on its connection', async () => {
      await using store = await openWithTable(open())
      const over = Promise.withResolvers<void>()
      const late = await store.atomically(async () => {
        await add(store, 1)
        return { done: over.promise.then(() => add(store, 2)) }
      })
      const rolledBack = store.atomically(async () => {
        over.resolve()
        await late.done
        throw new Error('no')
      })
      await expect(rolledBack).rejects.toThrow('no')
      expect(await count(store)).toBe(2)
    })
  })

  test('preparations run once, before other statements, and again after they failed', async () => {
    await using store = await open()
    const ran: string[] = []
    store.pool.prepare(async (client) => {
      ran.push('first')
      await client.query('create table prepared (id int)')
    }, noChange)
    store.pool.prepare(async () => {
      ran.push('second')
      if (ran.length === 2) throw new Error('not yet')
    }, noChange)
    await expect(store.nowMs()).rejects.toThrow('not yet')
    await Promise.all([store.pool.query('select from prepared'), store.nowMs()])
    expect(ran).toEqual(['first', 'second', 'second'])
  })
})
