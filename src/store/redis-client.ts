import { Redis } from 'ioredis'
import type { Command } from 'ioredis'

import { createClusterClient, lastNodeError } from './redis-cluster.ts'
import type { RedisTopology } from './redis-location.ts'
import {
  StoreNotWritableError,
  StoreRefusedError,
  StoreTlsError,
  StoreUnreachableError,
} from './errors.ts'
import { isReplica, type RedisSettings } from './redis-options.ts'
import { translateStoreError } from './refusal.ts'
import { writeTogether, type AtTurnsEnd } from './write-together.ts'

export interface RedisClient {
  readonly client: Redis
  readonly atTurnsEnd: AtTurnsEnd
  /** Why there is no connection, where the server said it: until there is one again. */
  readonly lastRefusal: () => Error | undefined
  /** Tears the connection down and rejects what waits for it, which ioredis forgets between two tries. */
  readonly end: () => void
}

/**
 * Makes a client that starts to connect at once and for ever again. Its commands reject with our
 * own errors. A hasty one rejects when it is not connected, and after 5 s without an answer.
 */
export function createRedisClient(
  topology: RedisTopology,
  options: RedisSettings,
  printable: string,
): RedisClient {
  const replica = watchReplica(options, printable)
  const settings = { ...options, ...replica.settings }
  const client =
    topology.kind === 'cluster'
      ? createClusterClient(topology.nodes, settings)
      : new Redis(settings)
  const lastRefusal = watchRefusal(client, printable, replica)
  const pending = watchCommands(client, printable, lastRefusal)
  // The nodes of a cluster have turns of their own.
  const atTurnsEnd: AtTurnsEnd =
    topology.kind === 'cluster' ? (task) => void setImmediate(task) : writeTogether(client)
  return {
    client,
    atTurnsEnd,
    lastRefusal,
    end() {
      client.disconnect()
      for (const command of pending) command.reject(new Error('Connection is closed'))
    },
  }
}

/** Has commands reject with our own errors. The answer holds those that have not settled. */
function watchCommands(
  client: Redis,
  printable: string,
  lastRefusal: RedisClient['lastRefusal'],
): ReadonlySet<Command> {
  const pending = new Set<Command>()
  const send = client.sendCommand.bind(client)
  // The rest is what a cluster tells itself: the node.
  client.sendCommand = (command, ...rest) => {
    // Commands come again when they are resent after a lost connection.
    if (!pending.has(command)) {
      const { resolve, reject } = command
      pending.add(command)
      command.resolve = (value) => {
        pending.delete(command)
        resolve(value)
      }
      command.reject = (error) => {
        pending.delete(command)
        const translated = translateRedisError(printable, error)
        // Meanwhile no command gets through, and that is why.
        reject(
          translated instanceof StoreUnreachableError ? (lastRefusal() ?? translated) : translated,
        )
      }
    }
    return send(command, ...rest)
  }
  return pending
}

interface ReplicaWatch {
  readonly settings: Pick<RedisSettings, 'reconnectOnError' | 'retryStrategy'>
  /** What the server said of itself for which its connection is given up, in search of the master. */
  readonly last: () => Error | undefined
  readonly forget: () => void
}

/** A replica lets everybody in: each in a row is waited for longer, so that nobody knocks without end. */
function watchReplica(options: RedisSettings, printable: string): ReplicaWatch {
  let met: Error | undefined
  let inARow = 0
  return {
    settings: {
      reconnectOnError: (error) => {
        const translated = translateRedisError(printable, error)
        // The command may be sent again, and then rejects with nothing.
        if (translated instanceof StoreNotWritableError && isReplica(error)) met = translated
        return options.reconnectOnError?.(error) ?? false
      },
      retryStrategy: (times) => {
        inARow = met === undefined ? 0 : inARow + 1
        const delayMs = options.retryStrategy?.(times) ?? LAST_KNOCK_MS
        const knockMs = Math.min(FIRST_KNOCK_MS * 2 ** inARow, LAST_KNOCK_MS)
        return inARow === 0 ? delayMs : Math.max(delayMs, knockMs)
      },
    },
    last: () => met,
    forget: () => (met = undefined),
  }
}

const FIRST_KNOCK_MS = 50
const LAST_KNOCK_MS = 1000

/** Why there is no connection, until there is one: the login, its TLS, or what was a replica. */
function watchRefusal(
  client: Redis,
  printable: string,
  replica: ReplicaWatch,
): RedisClient['lastRefusal'] {
  let refused: Error | undefined
  client.on('error', (error: Error) => {
    const translated = translateRedisError(printable, error)
    if (translated instanceof StoreRefusedError || translated instanceof StoreTlsError) {
      refused = translated
    }
  })
  client.on('ready', () => {
    refused = undefined
    replica.forget()
  })
  return () => refused ?? replica.last()
}

/** What ioredis says of a command without a connection; it names options that nobody here sets. */
const OFFLINE = "Stream isn't writeable"

/** Turns what ioredis says about a connection into our errors; replies stay as they are. */
export function translateRedisError(location: string, error: Error): Error {
  if (error.message.startsWith(OFFLINE)) {
    return new StoreUnreachableError(location, new Error('not connected', { cause: error }))
  }
  const translated = translateStoreError(location, lastNodeError(error) ?? error)
  return translated instanceof Error ? translated : error
}
