import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'

import { portOf } from '../port-of.ts'

/** A KDC that takes connections and datagrams and never answers. */
export interface SilentKdc extends AsyncDisposable {
  readonly port: number
  /** Connections that are open now. */
  readonly open: number
  /** Datagrams that came. */
  readonly datagrams: number
}

/** Starts it on a free port of loopback. */
export async function startSilentKdc(): Promise<SilentKdc> {
  const sockets = new Set<Socket>()
  const server = createServer((connection) => {
    sockets.add(connection)
    connection.on('error', () => {})
    connection.on('close', () => sockets.delete(connection)).resume()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  let datagrams = 0
  const socket = createSocket('udp4', () => datagrams++).bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port,
    get datagrams() {
      return datagrams
    },
    get open() {
      return sockets.size
    },
    [Symbol.asyncDispose]: async () => {
      for (const open of sockets) open.destroy()
      socket.close()
      server.close()
      await once(server, 'close')
    },
  }
}
