import type { Redis } from 'ioredis'

import { isCluster } from './redis-cluster.ts'
import { StoreUnreachableError } from './errors.ts'
import type { StorePatience } from './store.ts'

/** Everything that this process hears over one connection of its own. */
export interface RedisSubscriptions {
  /** Call the answer to stop. */
  add(channel: string, listener: (text: string) => void): Promise<() => Promise<void>>
  close(): void
}

const HASTY_WAIT_MS = 5000

/**
 * Makes subscriptions that connect on first use and subscribe again after each lost connection.
 * `onConnect` gets their connection, to hear of its faults.
 */
export function subscribeRedis(
  client: Redis,
  location: string,
  patience: StorePatience,
  onConnect: (connection: Redis) => void,
): RedisSubscriptions {
  const listeners = new Map<string, Set<(text: string) => void>>()
  let connection: Redis | undefined

  function connect(): Redis {
    // A cluster's client hears over a connection of its own, and tells of its faults already.
    const fresh = isCluster(client) ? client : duplicateOf(client)
    if (fresh !== client) onConnect(fresh)
    fresh.on('message', (channel: string, text: string) => {
      for (const listener of listeners.get(channel) ?? []) listener(text)
    })
    return fresh
  }

  async function stop(channel: string, listener: (text: string) => void): Promise<void> {
    const all = listeners.get(channel)
    if (all?.delete(listener) !== true || all.size > 0) return
    listeners.delete(channel)
    if (connection?.status === 'ready') await connection.unsubscribe(channel).catch(() => undefined)
  }

  return {
    async add(channel, listener) {
      connection ??= connect()
      const all = listeners.get(channel) ?? new Set()
      listeners.set(channel, all.add(listener))
      try {
        await bounded(connection.subscribe(channel), patience, location)
      } catch (error) {
        await stop(channel, listener)
        throw error
      }
      return () => stop(channel, listener)
    },
    close() {
      listeners.clear()
      if (connection !== client) connection?.disconnect()
    },
  }
}

function duplicateOf(client: Redis): Redis {
  return client.duplicate({
    enableOfflineQueue: true,
    autoResubscribe: true,
    maxRetriesPerRequest: null,
    commandTimeout: undefined,
    // Says nothing for hours when nobody publishes.
    socketTimeout: undefined,
  })
}

async function bounded(
  subscribed: Promise<unknown>,
  patience: StorePatience,
  location: string,
): Promise<void> {
  if (patience === 'wait') return void (await subscribed)
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new StoreUnreachableError(location)), HASTY_WAIT_MS)
  subscribed.catch(() => undefined)
  try {
    await Promise.race([subscribed, promise])
  } finally {
    clearTimeout(timer)
  }
}
