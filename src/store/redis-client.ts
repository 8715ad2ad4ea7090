import { Redis } from 'ioredis'
import type { Command } from 'ioredis'

import {
  StoreNotWritableError,
  StoreRefusedError,
  StoreTlsError,
  StoreUnreachableError,
} from './errors.ts'
import { isReplica, type RedisSettings } from './redis-options.ts'
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
        // Meanwhile no command gets through, and that is why.
        refusal.note(translated)
        reject(
          translated instanceof StoreUnreachableError ? (refusal.last() ?? translated) : translated,
        )
      }
    }
    return send(command, stream)
  }
  return pending
}

interface RefusalWatch {
  /** Why there is no connection, until there is one: the login, its TLS, or what was a replica. */
  last(): Error | undefined
  /** Hears what a command was refused with. */
  note(error: Error): void
}

function watchRefusal(client: Redis, printable: string): RefusalWatch {
  let refused: Error | undefined
  client.on('error', (error: Error) => {
    const translated = translateRedisError(printable, error)
    if (translated instanceof StoreRefusedError || translated instanceof StoreTlsError) {
      refused = translated
    }
  })
  client.on('ready', () => (refused = undefined))
  return {
    last: () => refused,
    note: (error) => {
      // Its connection is given up, in search of the master.
      if (error instanceof StoreNotWritableError && isReplica(error.cause)) refused = error
    },
  }
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
