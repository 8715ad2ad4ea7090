import { setTimeout as sleep } from 'node:timers/promises'

import type { Client } from 'pg'

import { createListeningConnection } from './listening-connection.ts'
import type { ListeningConnection } from './listening-connection.ts'

/** Hears the notifications of one channel. */
export interface ChannelListener {
  hear(payload: string): void
  /** The connection was lost, and with it perhaps notifications; it is rebuilt by itself. */
  lost?(): void
}

/** The one connection that listens for everybody in this process. */
export interface ListenHub {
  /** Resolves when the server listens; waits for a server that is down. Call the answer to stop. */
  listen(channel: string, listener: ChannelListener): Promise<() => void>
  close(): Promise<void>
}

const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 500

/**
 * Makes a hub that connects on the first `listen` and again whenever the connection is lost, at
 * first after 50 ms and at last every 500 ms. `connect` gives a connected client; `onError` hears
 * of every outage.
 */
export function createListenHub(
  connect: () => Promise<Client>,
  onError: (error: unknown) => void,
): ListenHub {
  const listeners = createListeners()
  const closing = new AbortController()
  let connection: ListeningConnection | undefined
  let opening: Promise<void> | undefined

  async function open(): Promise<void> {
    const client = await untilConnected(connect, onError, closing.signal)
    const fresh = createListeningConnection(client, { hear: listeners.hear, lost: lose })
    connection = fresh
    if (closing.signal.aborted) await fresh.close()
    for (const channel of listeners.channels()) void fresh.listen(channel).catch(() => undefined)
  }

  function lose(why: unknown): void {
    connection = undefined
    onError(why)
    listeners.lost()
    if (listeners.channels().length > 0) void current().catch(() => undefined)
  }

  async function current(): Promise<ListeningConnection> {
    while (connection === undefined) {
      closing.signal.throwIfAborted()
      opening ??= open().finally(() => (opening = undefined))
      await opening
    }
    return connection
  }

  /** Tries again when the connection was lost while it began to listen. */
  async function untilHeard(channel: string): Promise<void> {
    for (;;) {
      const tried = await current()
      try {
        await tried.listen(channel)
        if (tried === connection) return
      } catch (error) {
        if (tried === connection) throw error
      }
    }
  }

  return {
    async listen(channel, listener) {
      const stop = listeners.add(channel, listener)
      try {
        await untilHeard(channel)
        return stop
      } catch (error) {
        stop()
        throw error
      }
    },
    async close() {
      closing.abort()
      await opening?.catch(() => undefined)
      await connection?.close()
    },
  }
}

interface Listeners {
  readonly add: (channel: string, listener: ChannelListener) => () => void
  readonly channels: () => readonly string[]
  readonly hear: (channel: string, payload: string) => void
  readonly lost: () => void
}

function createListeners(): Listeners {
  const byChannel = new Map<string, Set<ChannelListener>>()
  return {
    add(channel, listener) {
      const all = byChannel.get(channel) ?? new Set()
      byChannel.set(channel, all.add(listener))
      return () => {
        all.delete(listener)
        if (all.size === 0 && byChannel.get(channel) === all) byChannel.delete(channel)
      }
    },
    channels: () => [...byChannel.keys()],
    hear(channel, payload) {
      for (const listener of byChannel.get(channel) ?? []) listener.hear(payload)
    },
    lost() {
      for (const listener of [...byChannel.values()].flatMap((all) => [...all])) listener.lost?.()
    },
  }
}

async function untilConnected(
  connect: () => Promise<Client>,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<Client> {
  for (let waitMs = FIRST_RETRY_MS, tries = 1; ; tries += 1) {
    try {
      return await connect()
    } catch (error) {
      if (tries === 1) onError(error)
    }
    await sleep(waitMs, undefined, { signal })
    waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)
  }
}
