import { Redis } from 'ioredis'
import type { Command, RedisOptions } from 'ioredis'

import { StoreRefusedError, StoreUnreachableError } from './errors.ts'
import type { StoreLocation } from './location.ts'
import { isLostConnection, refusalOf } from './lost-connection.ts'
import type { StorePatience } from './store.ts'

export interface RedisClient {
  readonly client: Redis
  /** Tears the connection down and rejects what waits for it, which ioredis forgets between two tries. */
  readonly end: () => void
}

/**
 * Makes a client that starts to connect at once and for ever again. Its commands reject with our
 * own errors. A hasty one rejects when it is not connected, and after 5 s without an answer.
 */
export function createRedisClient(
  location: Extract<StoreLocation, { kind: 'redis' }>,
  printable: string,
  patience: StorePatience,
): RedisClient {
  const { url, database } = location
  const client = new Redis({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: database,
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
    retryStrategy: (times) => Math.min(times * 50, 1000),
    // A replica that was a master until now: look for the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    keepAlive: 10_000,
    ...(patience === 'fail-fast' ? HASTY : PATIENT),
  })
  const pending = watchCommands(client, printable)
  return {
    client,
    end() {
      client.disconnect()
      for (const command of pending) command.reject(new Error('Connection is closed'))
    },
  }
}

/** Has commands reject with our own errors. The answer holds those that have not settled. */
function watchCommands(client: Redis, printable: string): ReadonlySet<Command> {
  const pending = new Set<Command>()
  const refusal = watchRefusal(client, printable)
  const send = client.sendCommand.bind(client)
  client.sendCommand = (command, stream) => {
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
        // While the login is refused no command gets through, and that is why.
        reject(translated instanceof StoreUnreachableError ? (refusal() ?? translated) : translated)
      }
    }
    return send(command, stream)
  }
  return pending
}

/** Why the last login was refused, until one succeeds. */
function watchRefusal(client: Redis, printable: string): () => StoreRefusedError | undefined {
  let refused: StoreRefusedError | undefined
  client.on('error', (error: Error) => {
    const translated = translateRedisError(printable, error)
    if (translated instanceof StoreRefusedError) refused = translated
  })
  client.on('ready', () => (refused = undefined))
  return () => refused
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

/** What ioredis says of a command without a connection; it names options that nobody here sets. */
const OFFLINE = "Stream isn't writeable"

/** Turns what ioredis says about a connection into our errors; replies stay as they are. */
export function translateRedisError(location: string, error: Error): Error {
  if (error instanceof StoreUnreachableError) return error
  if (error.message.startsWith(OFFLINE)) {
    return new StoreUnreachableError(location, new Error('not connected', { cause: error }))
  }
  if (isLostConnection(error)) return new StoreUnreachableError(location, error)
  const refusal = refusalOf(error)
  return refusal === undefined ? error : new StoreRefusedError(location, refusal, { cause: error })
}
