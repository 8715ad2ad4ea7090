import type { Client } from 'pg'

/** A connection that listens, until it is lost. */
export interface ListeningConnection {
  /** Listens to a channel; once is enough. Rejects when the connection is lost. */
  listen(channel: string): Promise<void>
  close(): Promise<void>
}

interface Hearer {
  hear(channel: string, payload: string): void
  /** Called once, unless the connection was closed by us. */
  lost(error: unknown): void
}

/** Takes over a connected client. */
export function createListeningConnection(client: Client, hearer: Hearer): ListeningConnection {
  const heard = new Map<string, Promise<void>>()
  let last: Promise<unknown> = Promise.resolve()
  let isOver = false

  function end(): Promise<void> {
    isOver = true
    return client.end().catch(() => undefined)
  }
  function lose(error: unknown): void {
    if (isOver) return
    void end()
    hearer.lost(error)
  }
  client.on('error', lose)
  client.on('end', () => lose(new Error('Connection terminated')))
  client.on('notification', ({ channel, payload }) => hearer.hear(channel, payload ?? ''))

  return {
    listen(channel) {
      const known = heard.get(channel)
      if (known !== undefined) return known
      const listening = last.then(() => client.query(`LISTEN "${channel}"`)).then(() => undefined)
      // A server that was too slow may be asked again.
      last = listening.catch(() => void heard.delete(channel))
      heard.set(channel, listening)
      return listening
    },
    close: end,
  }
}
