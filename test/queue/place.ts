import { randomUUID } from 'node:crypto'

import { openStore, type StoreOptions } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { openQueues, type OpenQueues } from '../../src/queue/open.ts'
import type { ConsumeOptions, Consumer, Handler } from '../../src/queue/queues.ts'

/** A store and a namespace in it that no other test uses. */
export interface Place {
  readonly location: string
  readonly options: Pick<StoreOptions, 'prefix' | 'schema' | 'migrate'>
}

export function newPlace(location: string): Place {
  const id = randomUUID().replaceAll('-', '').slice(0, 16)
  return {
    location,
    options: { prefix: `test-${id}`, schema: `test_${id}`, migrate: true },
  }
}

/** Queues at a place, with the consumers that a test starts; all are stopped at its end. */
export interface Bench extends AsyncDisposable {
  readonly store: Store
  readonly queues: OpenQueues
  readonly errors: unknown[]
  consume(
    handler: Handler,
    options?: Partial<ConsumeOptions> & { name?: string },
  ): Promise<Consumer>
}

export const NAME = 'Büro: {Nord}'

export async function openBench(place: Place, options: Partial<StoreOptions> = {}): Promise<Bench> {
  const errors: unknown[] = []
  const store = await openStore(place.location, {
    patience: 'wait',
    ...place.options,
    onError: (error) => errors.push(error),
    ...options,
  })
  const queues = await openQueues(store)
  const consumers: Consumer[] = []
  return {
    store,
    queues,
    errors,
    async consume(handler, { name = NAME, ...rest } = {}) {
      const consumer = await queues.consume(name, handler, {
        concurrency: 1,
        onError: (error) => errors.push(error),
        ...rest,
      })
      consumers.push(consumer)
      return consumer
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(consumers.map((consumer) => consumer.stop(0, 1000)))
      await queues.close()
      await store.close()
    },
  }
}
