import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'

import { portOf } from '../port-of.ts'

/** A KDC that takes connections and never answers. */
export interface SilentKdc extends AsyncDisposable {
  readonly port: number
  /** Connections that are open now. */
  readonly open: number
}

/** Starts it on a free port of loopback. */
export async function startSilentKdc(): Promise<SilentKdc> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket)).resume()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    get open() {
      return sockets.size
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
