import { describe, inject } from 'vitest'

import { describePostgres } from './postgres.ts'
import { copiesOf } from './postgres-copies.ts'
import { uniqueSchema } from './postgres-schema.ts'
import { describeRedis, describeRedisCluster, uniquePrefix } from './redis.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** An embedded store that stays open as long as there are tests. */
    embedded: string
  }
}

/** Where one test keeps its data: nobody else uses this prefix and schema of the store. */
export interface TestStore {
  readonly queue: string
  readonly prefix: string
  readonly schema: string
}

/** Runs the same tests on every kind of store; each test asks for a place of its own. */
export function describeStores(name: string, body: (place: () => TestStore) => void): void {
  describeServers(name, body)
  describe(`${name} on the embedded store`, () => {
    body(() => newPlace(inject('embedded')))
  })
}

/** The same and on a Redis Cluster, whose keys lie on three servers: for what every store promises. */
export function describeAllStores(name: string, body: (place: () => TestStore) => void): void {
  describeStores(name, body)
  describeCluster(name, body)
}

/** For what the fleet writes: on a Redis Cluster too, and not on the embedded store. */
export function describeAllServers(name: string, body: (place: () => TestStore) => void): void {
  describeServers(name, body)
  describeCluster(name, body)
}

/**
 * The same where the embedded store, which is a Postgres too, would tell nothing new: how it is reached,
 * starts, crashes and comes back is tested in `store`, `queue`, `ledger` and `main-job`, and that a worker
 * delivers from it in `worker/delivery`.
 */
export function describeServers(name: string, body: (place: () => TestStore) => void): void {
  describeRedis(`${name} on Redis`, (url) => {
    body(() => newPlace(url))
  })
  describePostgres(`${name} on Postgres`, (server) => {
    const copy = copiesOf(server)
    body(() => ({ ...copy(), prefix: uniquePrefix() }))
  })
}

function describeCluster(name: string, body: (place: () => TestStore) => void): void {
  describeRedisCluster(`${name} on a Redis Cluster`, (url) => {
    body(() => newPlace(url))
  })
}

/** A place on the embedded store, for tests in which the kind of store does not matter. */
export function embeddedPlace(): TestStore {
  return newPlace(inject('embedded'))
}

function newPlace(queue: string): TestStore {
  return { queue, prefix: uniquePrefix(), schema: uniqueSchema() }
}
