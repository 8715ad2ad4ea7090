import { chmod } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { openQueues } from '../../src/queue/open.ts'
import { attachEmbedded } from '../../src/store/embedded/attach.ts'
import { openStore } from '../../src/store/open.ts'
import type { StorePatience } from '../../src/store/store.ts'
import { describePostgres } from '../support/postgres.ts'
import { uniqueSchema } from '../support/postgres-schema.ts'
import { startRewritingProxy } from '../support/rewriting-proxy.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

describePostgres('a Postgres that others run', ({ owner, user, stranger }) => {
  // All of it must not count: a location says everything.
  beforeEach(() => {
    for (const [name, value] of Object.entries(ELSEWHERE)) vi.stubEnv(name, value)
  })
  afterEach(() => void vi.unstubAllEnvs())

  const changed = (change: (url: URL) => void): string => {
    const url = new URL(user)
    change(url)
    return url.href
  }
  const withParameters = (parameters: Readonly<Record<string, string>>): string =>
    changed((url) => {
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    })
  const plain = changed((url) => (url.search = ''))

  test.for([
    ['verify-full', 'the authority of its certificate', user],
    [
      'verify-ca',
      'another name',
      withParameters({ sslmode: 'verify-ca' }).replace('127.0.0.1', 'localhost'),
    ],
    ['require', 'no authority', `${plain}?sslmode=require`],
  ])('%s goes with %s', async ([, , location = '']) => {
    // Behind TLS and the login the schema is missing.
    expect(await refusal(location)).toMatchObject({ code: 'STORE_NOT_MIGRATED' })
  })

  test.for([
    [
      'verify-full',
      'a strange authority',
      withParameters({ sslrootcert: stranger }),
      'UNABLE_TO_VERIFY',
    ],
    [
      'verify-ca',
      'a strange authority',
      withParameters({ sslmode: 'verify-ca', sslrootcert: stranger }),
      'UNABLE_TO_VERIFY',
    ],
    [
      'require',
      'a strange authority',
      withParameters({ sslmode: 'require', sslrootcert: stranger }),
      'UNABLE_TO_VERIFY',
    ],
    ['verify-full', 'another name', user.replace('127.0.0.1', 'localhost'), 'ALTNAME_INVALID'],
    ['verify-full', 'the built-in authorities', `${plain}?sslmode=verify-full`, 'UNABLE_TO_VERIFY'],
    [
      'verify-full',
      'a file that is not there',
      withParameters({ sslrootcert: '/no/such' }),
      '"sslrootcert" cannot be read',
    ],
    ['disable', 'a server that demands TLS', plain, 'the server demands TLS'],
  ])('%s refuses %s', async ([, , location = '', reason = '']) => {
    for (const patience of ['wait', 'fail-fast'] as const) {
      expect(await refusal(location, patience)).toMatchObject({
        code: 'STORE_TLS_FAILED',
        message: expect.stringContaining(reason),
      })
    }
  })

  test.for([
    'ssl=no-verify',
    'ssl=0',
    'ssl=false',
    'ssl=true',
    'sslnegotiation=direct',
    'host=localhost',
    'sslmode=disable',
  ])('%s in a location does not undo what it says of TLS', async (more) => {
    for (const location of [user, withParameters({ sslrootcert: stranger })]) {
      expect(await refusal(`${location}&${more}`)).toMatchObject({ code: 'INVALID_STORE_LOCATION' })
    }
  })

  test.for([
    ['password', (url: URL): void => void (url.password = '')],
    ['user', (url: URL): void => void (url.username = '')],
  ] as const)('a %s that is missing is not taken from the environment', async ([, remove]) => {
    const { username, password } = new URL(user)
    vi.stubEnv('PGUSER', username)
    vi.stubEnv('PGPASSWORD', decodeURIComponent(password))
    expect(await refusal(changed(remove))).toMatchObject({ code: 'STORE_REFUSED' })
  })

  test.for([
    [
      'a wrong password',
      changed((url) => (url.password = 's3cret')),
      'password authentication failed',
    ],
    [
      'a user that is not there',
      changed((url) => (url.username = 'nobody')),
      'password authentication failed',
    ],
    [
      'a database that is not there',
      changed((url) => (url.pathname = '/nowhere')),
      'does not exist',
    ],
    ['a database of others', changed((url) => (url.pathname = '/postgres')), 'is missing'],
  ])('%s is refused, and never waited for', async ([, location = '', reason = '']) => {
    const { code, message } = await refusal(location)
    expect({ code, message }).toEqual({
      code: reason === 'is missing' ? 'STORE_NOT_MIGRATED' : 'STORE_REFUSED',
      message: expect.stringContaining(reason),
    })
  })

  test('a user without rights on a schema is told so', async () => {
    const schema = uniqueSchema()
    const missing = { code: 'STORE_RIGHTS_MISSING' }
    await expect(
      openStore(user, { patience: 'wait', schema, migrate: true }),
    ).rejects.toMatchObject(missing)
    await using store = await openStore(owner, { patience: 'wait', schema, migrate: true })
    await using _queues = await openQueues(store)
    if (store.kind !== 'postgres') throw new Error('expected a Postgres')
    await store.pool.query(`revoke all on schema "${schema}" from mailroom`)
    await using other = await openStore(user, { patience: 'wait', schema })
    await expect(openQueues(other)).rejects.toMatchObject(missing)
  })

  test('a user of a store may not change its tables', async () => {
    const schema = uniqueSchema()
    await using migrated = await openStore(owner, { patience: 'wait', schema, migrate: true })
    await using _queues = await openQueues(migrated)
    await using store = await openStore(user, { patience: 'wait', schema })
    if (store.kind !== 'postgres') throw new Error('expected a Postgres')
    for (const statement of [
      'drop table job',
      'alter table job add column mine int',
      'truncate job',
    ]) {
      await expect(store.pool.query(statement)).rejects.toMatchObject({
        code: 'STORE_RIGHTS_MISSING',
      })
    }
  })

  test('a server without TLS, or of an old version, is refused', async () => {
    await using temporary = await temporaryDirectory()
    await chmod(temporary.path, 0o711)
    const server = await attachEmbedded(join(temporary.path, 'store'))
    await using _ = { [Symbol.asyncDispose]: async () => void (await server.detach()) }
    const { port, user: name, password, database } = await server.parameters()
    const at = (through: number): string =>
      `postgres://${name}:${encodeURIComponent(password)}@127.0.0.1:${through}/${database}`
    expect(await refusal(`${at(port)}?sslmode=require`)).toMatchObject({
      code: 'STORE_TLS_FAILED',
      message: expect.stringContaining('does not speak TLS'),
    })
    await using proxy = await startRewritingProxy(port, '180004', '130004')
    expect(await refusal(at(proxy.port))).toMatchObject({
      code: 'STORE_TOO_OLD',
      message: expect.stringContaining('Postgres 14 or newer'),
    })
  })
})

/** What `pg` reads when it is not told. */
const ELSEWHERE = {
  PGHOST: 'elsewhere.invalid',
  PGPORT: '1',
  PGUSER: 'nobody',
  PGPASSWORD: 's3cret',
  PGDATABASE: 'nowhere',
  PGOPTIONS: '-c nonsense=1 -z',
  PGSSLMODE: 'no-verify',
  PGSSLNEGOTIATION: 'direct',
  PGREPLICATION: 'database',
} as const

/** What opening says, for workers and producers alike. */
async function refusal(
  location: string,
  patience: StorePatience = 'wait',
): Promise<Readonly<Record<string, unknown>>> {
  const error: unknown = await openStore(location, { patience, schema: uniqueSchema() }).then(
    (store) => store.close().then(() => new Error('it was opened')),
    (why: unknown) => why,
  )
  expect(String(error)).not.toMatch(/r\u00e4tsel|r%C3%A4tsel|s3cret/)
  return Object(error)
}
