import { writeFile } from 'node:fs/promises'

import { expect, test } from 'vitest'

import { createMailroom, createWorker } from '../../src/index.ts'
import { migrateStore } from '../../src/cli/migration.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { openQueues } from '../../src/queue/open.ts'
import { parseLocation } from '../../src/store/location.ts'
import { openStore } from '../../src/store/open.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { readPostgresParameters } from '../../src/store/postgres-parameters.ts'
import type { Store } from '../../src/store/store.ts'
import { jsonLines, runCli } from '../support/cli.ts'
import { describePostgres } from '../support/postgres.ts'
import { uniqueSchema } from '../support/postgres-schema.ts'
import { connectPostgres } from '../support/postgres-users.ts'
import { describeRedis } from '../support/redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const CHANGES = [
  'schema',
  'the queue',
  'the ledger',
  'the content',
  'the fleet',
  'the pauses',
  'the health of connection managers',
  'the budgets of connection managers',
  'the tokens of connection managers',
]

describePostgres('migrations', ({ owner, user }) => {
  async function inDatabase<Row>(text: string, ...values: readonly unknown[]): Promise<Row[]> {
    const client = await connectPostgres(owner)
    try {
      return (await client.query(text, [...values])).rows
    } finally {
      await client.end()
    }
  }
  test('a dry run tells everything that a migration then does, and changes nothing', async () => {
    const schema = uniqueSchema()
    const planned = await migrate(owner, schema, '--dry-run')
    expect(planned.code).toBe(0)
    for (const what of CHANGES) {
      expect(planned.lines).toContainEqual(
        expect.objectContaining({ event: 'planned', from: 0, what: expect.stringContaining(what) }),
      )
    }
    const namespaces = 'select from pg_namespace where nspname = $1'
    expect(await inDatabase(namespaces, schema)).toHaveLength(0)

    const done = await migrate(owner, schema)
    const changes = planned.lines.map((line) => ({ ...line, event: 'changed' }))
    expect(done.lines.slice(0, -1)).toEqual(changes)
    expect(done.lines.at(-1)).toMatchObject({ event: 'migrated' })
    await using opened = await openAs(user, schema)
    await opened.store.ping()

    for (const args of [[], ['--dry-run']]) {
      const again = await migrate(owner, schema, ...args)
      expect(again).toMatchObject({ code: 0, lines: [{ event: 'migrated' }] })
    }
  })

  test('two at once do everything once', async () => {
    const schema = uniqueSchema()
    const options = { prefix: 'mailroom', schema, isDryRun: false }
    const both = await Promise.all([migrateStore(owner, options), migrateStore(owner, options)])
    const changes = both.flatMap((migration) => migration.changes.map(({ what }) => what))
    expect(new Set(changes).size).toBe(changes.length)
    expect(changes).toHaveLength(CHANGES.length)
  })

  test('a migration of others is not waited for without end, and its own follows it', async () => {
    const schema = uniqueSchema()
    const at = parseLocation(owner)
    if (at.kind !== 'postgres') throw new Error('expected a Postgres')
    await using store = await openPostgresStore({
      location: 'a test',
      parameters: () => readPostgresParameters(at),
      patience: 'fail-fast',
      schema,
      migrate: true,
      lockWaitMs: 20,
      onError: () => undefined,
    })
    const other = await connectPostgres(owner)
    try {
      await other.query('select pg_advisory_lock(hashtext($1))', [`mailroom:${schema}`])
      await expect(store.ping()).rejects.toMatchObject({
        code: 'STORE_BUSY',
        message: expect.stringContaining('"a test"'),
      })
    } finally {
      await other.end()
    }
    await expect.poll(() => store.ping().then(() => 'migrated', String)).toBe('migrated')
  })

  test('an older schema is refused until it is migrated, and keeps what it holds', async () => {
    const schema = uniqueSchema()
    await migrateStore(owner, { prefix: 'mailroom', schema, isDryRun: false })
    await inDatabase(`comment on table "${schema}".ledger is 'version 0'`)
    await inDatabase(`insert into "${schema}".ledger (id, connection, recipients, standing)
      values ('m-1', 'relay', '{ann@example.com}', 'p')`)
    const refused = {
      code: 'STORE_NOT_MIGRATED',
      message: expect.stringContaining('run "mailroom migrate"'),
    }
    await using opened = await openAs(user, schema)
    const ledger = await openLedger(opened.store)
    await expect(ledger.get('m-1')).rejects.toMatchObject(refused)
    const { lines } = await migrate(owner, schema)
    expect(lines).toMatchObject([
      { event: 'changed', what: 'the ledger', from: 0 },
      { event: 'migrated' },
    ])
    expect(await ledger.get('m-1')).toMatchObject({ connection: 'relay' })

    await inDatabase(`delete from "${schema}".migration where version > 10`)
    await expect(openAs(user, schema)).rejects.toMatchObject(refused)
  })

  test('a newer schema is refused, and never migrated back', async () => {
    const schema = uniqueSchema()
    await migrateStore(owner, { prefix: 'mailroom', schema, isDryRun: false })
    await inDatabase(
      `insert into "${schema}".migration (version, name, min_client_version) values (99, 'newer', 7)`,
    )
    const refused = {
      code: 'STORE_TOO_NEW',
      message: expect.stringContaining('update this program'),
    }
    await expect(openAs(user, schema)).rejects.toMatchObject(refused)
    for (const args of [[], ['--dry-run']]) {
      const { code, error } = await migrate(owner, schema, ...args)
      expect({ code, error }).toMatchObject({ code: 4, error: refused })
    }
    await inDatabase(`update "${schema}".migration set min_client_version = 6 where version = 99`)
    await using opened = await openAs(user, schema)
    await opened.store.ping()
  })

  test('who may not create tables is told so, and may ask what is to be done', async () => {
    const schema = uniqueSchema()
    expect(await migrate(user, schema)).toMatchObject({
      code: 4,
      error: { code: 'STORE_RIGHTS_MISSING' },
    })
    const { code, lines } = await migrate(user, schema, '--dry-run')
    expect({ code, planned: lines.length }).toEqual({ code: 0, planned: CHANGES.length })
  })

  test('workers and producers migrate at their start when they are asked to', async () => {
    const schema = uniqueSchema()
    const config = { queue: owner, schema, connections: { relay: 'smtp://127.0.0.1:1' } }
    await using careful = createWorker(config, {})
    await expect(careful.start()).rejects.toMatchObject({ code: 'STORE_NOT_MIGRATED' })
    await using worker = createWorker(config, { migrate: true })
    await using mailroom = createMailroom(config, { migrate: true })
    await Promise.all([worker.start(), mailroom.status('relay')])
    const planned = await migrateStore(owner, { prefix: 'mailroom', schema, isDryRun: true })
    expect(planned.changes.map(({ what }) => what)).not.toContain('the queue')
  })
})

describeRedis('migrations on Redis', (url) => {
  test('there is nothing to do', async () => {
    for (const isDryRun of [true, false]) {
      const options = { prefix: 'mailroom', schema: 'mailroom', isDryRun }
      expect(await migrateStore(url, options)).toMatchObject({ changes: [] })
    }
  })
})

/** Runs `mailroom migrate --json` on a schema. */
async function migrate(
  queue: string,
  schema: string,
  ...args: readonly string[]
): Promise<{
  readonly code: number | null
  readonly lines: ReturnType<typeof jsonLines>
  readonly error: unknown
}> {
  await using directory = await temporaryDirectory()
  const config = JSON.stringify({ schema, connections: {} })
  const file = `${directory.path}/mailroom.config.json`
  await writeFile(file, config)
  const options = { cwd: directory.path, env: { MAILROOM_QUEUE: queue } }
  const { code, out, err } = await runCli(['migrate', '--json', ...args], options)
  return { code, lines: jsonLines(out), error: jsonLines(err)[0] }
}

interface Opened extends AsyncDisposable {
  readonly store: Store
}

async function openAs(location: string, schema: string): Promise<Opened> {
  await using opened = new AsyncDisposableStack()
  const store = opened.use(await openStore(location, { patience: 'wait', schema }))
  opened.use(await openQueues(store))
  const held = opened.move()
  return { store, [Symbol.asyncDispose]: () => held.disposeAsync() }
}
