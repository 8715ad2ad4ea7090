import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

import { portOf } from './port-of.ts'

/** What becomes of something that a client has said: it goes on, or the connection ends. */
export type Fate = 'pass' | 'cut'

/** Stands before a server and hears what its clients say before the server does. */
export interface InterceptingProxy extends AsyncDisposable {
  readonly port: number
}

/** Forwards to `port` of loopback what `meet` lets pass; the server hears nothing more until it has answered. */
export async function startInterceptingProxy(
  port: number,
  meet: (said: string) => Fate | Promise<Fate>,
): Promise<InterceptingProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    const ends = [client, upstream]
    for (const end of ends) {
      sockets.add(end)
      end.on('error', () => undefined)
      end.on('close', () => ends.forEach((other) => other.destroy()))
    }
    upstream.pipe(client)
    let last: Promise<unknown> = Promise.resolve()
    client.on('data', (bytes: Buffer) => {
      last = last
        .then(() => meet(bytes.toString('latin1')))
        .then((fate) => (fate === 'cut' ? client.destroy() : upstream.write(bytes)))
    })
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
