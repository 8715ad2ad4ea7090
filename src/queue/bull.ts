import { createPostgresBackend, Queue, Worker } from 'bullmq'
import type {
  BackendFactory,
  ConnectionOptions,
  Processor,
  RedisQueueBackend,
  WorkerOptions,
} from 'bullmq'

import type { PostgresStore, RedisStore, Store } from '../store/store.ts'
import { WORKER_OPTIONS } from './endings.ts'
import { encodeQueueName } from './name.ts'
import { restoreOrder } from './redis-order.ts'

/** What differs between consumers. */
export type WorkerSettings = Required<
  Pick<WorkerOptions, 'concurrency' | 'lockDuration' | 'stalledInterval'>
>

/** Makes BullMQ's objects over one store; names are BullMQ's. */
export interface Bull {
  /** The BullMQ queue of a connection's name. Throws `InvalidQueueNameError`. */
  nameOf(name: string): string
  openQueue(name: string): Queue
  /** The worker does not run yet. */
  openWorker(name: string, process: Processor, settings: WorkerSettings): Worker
  /** Puts jobs that went back, given newest first, into the order they had. */
  restoreOrder(name: string, ids: readonly string[]): Promise<void>
}

/** The stream of events is for dashboards only: nothing of ours reads it. */
const STREAMS = { events: { maxLen: 100 } }

export function createBull(store: Store): Bull {
  return store.kind === 'redis' ? onRedis(store) : onPostgres(store)
}

function onRedis(store: RedisStore): Bull {
  const { client, patience, spreadPrefix: prefix } = store
  const connection = client
  return {
    // All keys of a queue have to lie in one slot; those of two names need not.
    nameOf: (name) =>
      store.prefix === prefix ? encodeQueueName(name) : `{${encodeQueueName(name)}}`,
    openQueue(name) {
      // A hasty client rejects while it is not connected, and BullMQ would keep such an answer.
      const isHasty = patience === 'fail-fast'
      const options = { skipVersionCheck: isHasty, skipWaitingForReady: isHasty }
      return new Queue(name, { connection, prefix, streams: STREAMS, ...options })
    },
    openWorker: (name, process, settings) =>
      new Worker(name, process, {
        connection,
        prefix,
        // New and due jobs wake a worker by a marker; this is how long it blocks without one.
        drainDelay: 10,
        ...WORKER_OPTIONS,
        ...settings,
      }),
    restoreOrder: (name, ids) => restoreOrder(client, `${prefix}:${name}`, ids),
  }
}

function onPostgres({ pool }: PostgresStore): Bull {
  // The types of BullMQ's objects name their backend; everybody here uses what both have.
  /* oxlint-disable typescript/no-unsafe-type-assertion */
  const connection = pool as unknown as ConnectionOptions
  const backend = createPostgresBackend as unknown as BackendFactory<RedisQueueBackend>
  /* oxlint-enable typescript/no-unsafe-type-assertion */
  return {
    nameOf: encodeQueueName,
    openQueue: (name) => new Queue(name, { connection, streams: STREAMS }, backend),
    openWorker: (name, process, settings) =>
      new Worker(
        name,
        process,
        // Notifications tell of new jobs, and the wait ends when the next delayed one is due.
        { connection, drainDelay: 60, ...WORKER_OPTIONS, ...settings },
        backend,
      ),
    restoreOrder: () => Promise.resolve(),
  }
}
