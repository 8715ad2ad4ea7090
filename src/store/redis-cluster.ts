import { Cluster, type Redis } from 'ioredis'

import { isLostConnection } from './lost-connection.ts'
import type { RedisNode } from './redis-location.ts'
import type { RedisSettings } from './redis-options.ts'
import { writeTogether } from './write-together.ts'

/** How often a command is sent again that found its node gone, its slot moved, or the cluster down. */
const HASTY_TRIES = 4
const PATIENT_TRIES = 1e9

/**
 * Makes a client of a Redis Cluster, which finds the node of each key by itself. Everybody uses of
 * it what it has in common with the client of one server.
 */
export function createClusterClient(nodes: readonly RedisNode[], settings: RedisSettings): Redis {
  const {
    db: _database,
    retryStrategy = null,
    reconnectOnError: _isReplica,
    enableOfflineQueue = true,
    ...redisOptions
  } = settings
  const cluster = new Cluster([...nodes], {
    redisOptions,
    enableOfflineQueue,
    maxRedirections: enableOfflineQueue ? PATIENT_TRIES : HASTY_TRIES,
    clusterRetryStrategy: (times) => retryStrategy?.(times),
    // A certificate is made out to a name, not to the address that it stands for.
    ...(settings.tls !== undefined && { dnsLookup: (name, found) => found(null, name) }),
  })
  tellWhatTells(cluster)
  cluster.on('+node', writeTogether)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return cluster as unknown as Redis
}

/** Of what several nodes said, a refusal tells more than that another node is away. */
function tellWhatTells(cluster: Cluster): void {
  let telling: Error | undefined
  cluster.on('node error', (said: Error) => {
    if (!isLostConnection(said)) telling = said
  })
  cluster.on('error', (error: Error) => {
    if (telling !== undefined && 'lastNodeError' in error) error.lastNodeError = telling
    telling = undefined
  })
}

/** Whether a client speaks with a cluster. */
export function isCluster(client: object): boolean {
  return client instanceof Cluster
}

/** The servers that hold keys: the masters of a cluster, or the one that there is. */
export function serversOf(client: Redis): readonly Redis[] {
  const cluster: object = client
  return cluster instanceof Cluster ? cluster.nodes('master') : [client]
}

/** What the last node said, where the cluster as a whole could not be reached. */
export function lastNodeError(error: Error): Error | undefined {
  const said = 'lastNodeError' in error ? error.lastNodeError : undefined
  return said instanceof Error ? said : undefined
}

/** What begins the keys that have to lie in one slot: a prefix that is a hash tag, or has one. */
export function inOneSlot(prefix: string): string {
  return /\{[^}]+\}/.test(prefix) ? prefix : `{${prefix}}`
}
