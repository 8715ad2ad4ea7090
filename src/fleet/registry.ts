import type { Store } from '../store/store.ts'
import type { Registry } from './fleet.ts'
import { createPostgresRegistry } from './postgres-registry.ts'
import { createRedisRegistry } from './redis-registry.ts'

/** Opens the registry of a store, which stays its owner's. */
export function openRegistry(store: Store): Registry {
  return store.kind === 'redis' ? createRedisRegistry(store) : createPostgresRegistry(store)
}
