import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

import { portOf } from '../support/port-of.ts'

/** The network between workers and their store, which can be taken away. */
export interface StallProxy extends AsyncDisposable {
  readonly port: number
  /** Lets nothing through in either direction; connections stay, as behind a router that died. */
  stall(): void
  /** Ends all connections, and refuses new ones. */
  cut(): void
  /** Lets everything through again, and what was held up as well. */
  resume(): void
}

/** Forwards to `port` of loopback, which may change: it is asked at every connection. */
export async function startStallProxy(port: () => number): Promise<StallProxy> {
  const sockets = new Set<Socket>()
  let state: 'open' | 'stalled' | 'cut' = 'open'
  const hold = (socket: Socket): void => {
    if (state === 'stalled') socket.pause()
  }
  const forward = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => {
      if (state !== 'stalled') from.resume()
    })
    hold(from)
  }
  const server = createServer((client) => {
    if (state === 'cut') {
      client.destroy()
      return
    }
    const upstream = connect(port(), '127.0.0.1')
    forward(client, upstream)
    forward(upstream, client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    stall: () => {
      state = 'stalled'
      for (const socket of sockets) socket.pause()
    },
    cut: () => {
      state = 'cut'
      for (const socket of sockets) socket.destroy()
    },
    resume: () => {
      state = 'open'
      for (const socket of sockets) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
