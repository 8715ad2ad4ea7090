import { openHealth, type Health, type HealthOptions } from '../../src/fleet/health.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import type { TestStore } from '../support/stores.ts'

/** One worker's view of the fleet's health, on a store connection of its own. */
export interface Member extends AsyncDisposable {
  readonly store: Store
  readonly health: Health
  /** What the store's faults were. */
  readonly faults: readonly unknown[]
}

export const RELAY = { name: 'relay', digest: 'd1' }

export function openPlace({ queue, prefix, schema }: TestStore): Promise<Store> {
  return openStore(queue, {
    patience: 'wait',
    prefix,
    schema,
    allowUnsafeStore: true,
    migrate: true,
  })
}

/** Joins the fleet as `worker`; follows `RELAY`. `through` may change how the store is seen. */
export async function join(
  place: TestStore,
  worker: string,
  options: Partial<HealthOptions> = {},
  through: (store: Store) => Store = (store) => store,
): Promise<Member> {
  const store = await openPlace(place)
  const faults: unknown[] = []
  const seen = through(store)
  const health = await openHealth(seen, {
    worker,
    keepMs: 3_600_000,
    now: () => Date.now(),
    random: () => 0.5,
    onFault: (error) => faults.push(error),
    ...options,
  })
  health.follow(RELAY)
  return {
    store,
    health,
    faults,
    [Symbol.asyncDispose]: async () => {
      await health[Symbol.asyncDispose]()
      await store.close()
    },
  }
}
