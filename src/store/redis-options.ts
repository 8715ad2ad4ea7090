import type { ConnectionOptions } from 'node:tls'

import type { RedisOptions } from 'ioredis'

import type { RedisLocation } from './redis-location.ts'
import type { StorePatience } from './store.ts'

/** What a client of ioredis takes; replies are mapped as ever. */
export type RedisSettings = RedisOptions & { readonly replyMapping?: 'legacy' }

/** What ioredis is told about a location. `tls` holds what was read from its files. */
export function redisOptionsOf(
  location: RedisLocation,
  patience: StorePatience,
  tls: ConnectionOptions | undefined,
): RedisSettings {
  const { topology, credentials, database } = location
  const common: RedisSettings = {
    db: database,
    ...credentials,
    ...(tls !== undefined && { tls }),
    retryStrategy: retryDelayMs,
    reconnectOnError: (error) => reconnects(error, patience),
    keepAlive: 10_000,
    ...(patience === 'fail-fast' ? HASTY : PATIENT),
  }
  switch (topology.kind) {
    case 'cluster':
      return common
    case 'server':
      return { ...common, ...topology.node }
    case 'sentinel': {
      const { username, password } = topology.credentials
      return {
        ...common,
        sentinels: [...topology.sentinels],
        name: topology.master,
        sentinelRetryStrategy: retryDelayMs,
        ...(username !== undefined && { sentinelUsername: username }),
        ...(password !== undefined && { sentinelPassword: password }),
        ...(tls !== undefined && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
      }
    }
  }
}

const retryDelayMs = (times: number): number => Math.min(times * 50, 1000)

/**
 * A replica that was a master until now: look for the new one. It has done nothing, so a patient
 * store has its command sent again there.
 */
function reconnects(error: Error, patience: StorePatience): false | 1 | 2 {
  if (!isReplica(error)) return false
  return patience === 'wait' ? 2 : 1
}

/** Whether `error` says that the server is no master, which makes the client connect anew. */
export function isReplica(error: unknown): boolean {
  return error instanceof Error && /^READONLY|-READONLY|^UNBLOCKED/.test(error.message)
}

const HASTY = {
  connectTimeout: 3000,
  commandTimeout: 5000,
  socketTimeout: 5000,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
} satisfies RedisOptions

const PATIENT = {
  connectTimeout: 5000,
  // Blocking commands of workers wait 10 s at most.
  socketTimeout: 30_000,
  maxRetriesPerRequest: null,
} satisfies RedisOptions
