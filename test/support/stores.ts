import { chmod } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, describe } from 'vitest'

import { migrateStore } from '../../src/cli/migration.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describePostgres } from './postgres.ts'
import { uniqueSchema } from './postgres-schema.ts'
import { describeRedis, uniquePrefix } from './redis.ts'
import { temporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts'

/** Where one test keeps its data: nobody else uses this prefix and schema. */
export interface TestStore {
  readonly queue: string
  readonly prefix: string
  readonly schema: string
}

/** Runs the same tests on every kind of store; each test asks for a place of its own. */
export function describeStores(name: string, body: (place: () => TestStore) => void): void {
  describeRedis(`${name} on Redis`, (url) => {
    body(() => newPlace(url))
  })
  describePostgres(`${name} on Postgres`, (server) => {
    body(stockOf(server.owner, server.user))
  })
  describe(`${name} on the embedded store`, () => {
    let directory: TemporaryDirectory
    let queue: string
    let keeper: Store
    // One server for all tests of the file: who keeps it open is its last user.
    beforeAll(async () => {
      directory = await temporaryDirectory()
      await chmod(directory.path, 0o711)
      queue = `embedded:${join(directory.path, 'store')}`
      keeper = await openStore(queue, { patience: 'wait', schema: 'keeper' })
    })
    afterAll(async () => {
      await keeper.close()
      await directory[Symbol.asyncDispose]()
    })
    body(() => newPlace(queue))
  })
}

const MOST_PLACES_OF_A_TEST = 2

/** Has the owner migrate schemas before each test, since the user of the tests may not. */
function stockOf(owner: string, user: string): () => TestStore {
  const stock: TestStore[] = []
  beforeEach(async () => {
    while (stock.length < MOST_PLACES_OF_A_TEST) {
      const place = newPlace(user)
      await migrateStore(owner, { ...place, isDryRun: false })
      stock.push(place)
    }
  })
  return () => {
    const place = stock.pop()
    if (place === undefined) throw new Error(`a test has ${MOST_PLACES_OF_A_TEST} places at most`)
    return place
  }
}

function newPlace(queue: string): TestStore {
  return { queue, prefix: uniquePrefix(), schema: uniqueSchema() }
}
