import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Redis } from 'ioredis'

import { migrateStore } from '../../src/cli/migration.ts'
import { openStore } from '../../src/store/open.ts'
import { startRedis } from '../support/redis-server.ts'
import { connectPostgres } from '../support/postgres-users.ts'
import { uniqueSchema } from '../support/postgres-schema.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { uniquePrefix } from '../support/redis.ts'
import type { TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

export const STORES = ['redis', 'postgres', 'embedded'] as const

export type StoreKind = (typeof STORES)[number]

/** A store that can be hurt; cases take turns on it, each at a place of its own. */
export interface ChaosStore extends AsyncDisposable {
  readonly kind: StoreKind
  newPlace(): Promise<TestStore>
  /** The same place through a proxy at `port`. */
  through(place: TestStore, port: number): TestStore
  /** Where it listens; it changes when an embedded one comes back. */
  readonly port: number
  /** Ends it with SIGKILL, as a crash does, in the middle of whatever it does. */
  kill(): Promise<void>
  /** Brings it back with what it has on disk; an embedded one is brought back by its users. */
  restart(): Promise<void>
  /** Takes the locks away from all jobs that run, so that others take them too. */
  stealJobs(place: TestStore): Promise<void>
}

/** The name that all jobs refer to. */
export const RELAY = 'relay'

export function openChaosStore(kind: StoreKind): Promise<ChaosStore> {
  switch (kind) {
    case 'redis':
      return openRedis()
    case 'postgres':
      return openPostgres()
    case 'embedded':
      return openEmbedded()
  }
}

async function openRedis(): Promise<ChaosStore> {
  const server = await startRedis()
  return {
    kind: 'redis',
    port: server.port,
    newPlace: async () => placeAt(server.url),
    through: (place, port) => ({ ...place, queue: withPort(place.queue, port) }),
    kill: () => server.kill(),
    restart: () => server.restart(),
    stealJobs: async ({ prefix }) => {
      const client = new Redis(server.url)
      try {
        const locks = await client.keys(`${prefix}:${RELAY}:*:lock`)
        if (locks.length > 0) await client.del(...locks)
      } finally {
        client.disconnect()
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function openPostgres(): Promise<ChaosStore> {
  const server = await startPostgres({ args: ['-c', 'fsync=on'], medium: 'disk' })
  return {
    kind: 'postgres',
    port: server.port,
    newPlace: async () => {
      const place = placeAt(server.locate('mailroom'))
      await migrateStore(server.locate('mailroom_owner'), { ...place, isDryRun: false })
      return place
    },
    through: (place, port) => ({ ...place, queue: withPort(place.queue, port) }),
    kill: () => server.kill(),
    restart: () => server.restart(),
    stealJobs: ({ schema }) => unlock(server.locate('mailroom_owner'), schema),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The harness stays a user of it, so that it lives as long as the case does. */
async function openEmbedded(): Promise<ChaosStore> {
  await using stack = new AsyncDisposableStack()
  const directory = stack.use(await temporaryDirectory('disk')).path
  await chmod(directory, 0o711)
  const queue = `embedded:${join(directory, 'store')}`
  stack.use(await openStore(queue, { patience: 'wait', schema: 'keeper' }))
  const postmaster = async (): Promise<readonly string[]> =>
    (await readFile(join(directory, 'store', 'data', 'postmaster.pid'), 'utf8')).split('\n')
  const held = stack.move()
  return {
    kind: 'embedded',
    get port(): number {
      throw new Error('nothing stands between an embedded store and its users')
    },
    newPlace: async () => placeAt(queue),
    through: (place) => place,
    kill: async () => {
      const [pid] = await postmaster()
      process.kill(Number(pid), 'SIGKILL')
    },
    restart: () => Promise.resolve(),
    stealJobs: () => Promise.reject(new Error('its password is its own')),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

async function unlock(location: string, schema: string): Promise<void> {
  const client = await connectPostgres(location)
  try {
    await client.query(`UPDATE "${schema}".job SET locked_until_ms = 0 WHERE state = 'active'`)
  } finally {
    await client.end()
  }
}

function placeAt(queue: string): TestStore {
  return { queue, prefix: uniquePrefix(), schema: uniqueSchema() }
}

function withPort(location: string, port: number): string {
  const url = new URL(location)
  url.port = String(port)
  return url.href
}
