import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

import { portOf } from './port-of.ts'

/** A way to a server that is as long as one likes, and as wide. */
export interface DelayingProxy extends AsyncDisposable {
  readonly port: number
}

/** Forwards to `port` of loopback; whatever is said arrives `delayMs` later, in both directions. */
export async function startDelayingProxy(port: number, delayMs: number): Promise<DelayingProxy> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      carry(from, to, delayMs)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Timers of the same length end in the order in which they began: so does what is carried. */
function carry(from: Socket, to: Socket, delayMs: number): void {
  const later = (step: () => void): void => {
    setTimeout(() => {
      if (!to.destroyed) step()
    }, delayMs)
  }
  from.on('data', (bytes: Buffer) => later(() => to.write(bytes)))
  from.on('end', () => later(() => to.end()))
  from.on('error', () => later(() => to.resetAndDestroy()))
  from.on('close', () => later(() => to.destroy()))
}
