import { Redis } from 'ioredis'
import type { Command } from 'ioredis'

import { StoreRefusedError, StoreTlsError, StoreUnreachableError } from './errors.ts'
import type { RedisSettings } from './redis-options.ts'
import { translateStoreError } from './refusal.ts'

export interface RedisClient {
  readonly client: Redis
  /** Tears the connection down and rejects what waits for it, which ioredis forgets between two tries. */
  readonly end: () => void
}

/**
 * Makes a client that starts to connect at once and for ever again. Its commands reject with our
 * own errors. A hasty one rejects when it is not connected, and after 5 s without an answer.
 */
export function createRedisClient(options: RedisSettings, printable: string): RedisClient {
  const client = new Redis(options)
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

/** Why the last login or its TLS was refused, until one succeeds. */
function watchRefusal(client: Redis, printable: string): () => Error | undefined {
  let refused: Error | undefined
  client.on('error', (error: Error) => {
    const translated = translateRedisError(printable, error)
    if (translated instanceof StoreRefusedError || translated instanceof StoreTlsError) {
      refused = translated
    }
  })
  client.on('ready', () => (refused = undefined))
  return () => refused
}

/** What ioredis says of a command without a connection; it names options that nobody here sets. */
const OFFLINE = "Stream isn't writeable"

/** Turns what ioredis says about a connection into our errors; replies stay as they are. */
export function translateRedisError(location: string, error: Error): Error {
  if (error.message.startsWith(OFFLINE)) {
    return new StoreUnreachableError(location, new Error('not connected', { cause: error }))
  }
  const translated = translateStoreError(location, error)
  return translated instanceof Error ? translated : error
}
