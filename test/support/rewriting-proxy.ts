import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

import { portOf } from './port-of.ts'

/** Stands before a server and lets it say something else. */
export interface RewritingProxy extends AsyncDisposable {
  readonly port: number
  /** Everything that clients have sent, without their line breaks. */
  readonly lines: readonly string[]
}

/** Forwards to `port` of loopback; `said` becomes `heard` in every answer, which has the same length. */
export async function startRewritingProxy(
  port: number,
  said: string,
  heard: string,
): Promise<RewritingProxy> {
  if (said.length !== heard.length) throw new Error('expected texts of the same length')
  const sockets = new Set<Socket>()
  let sent = ''
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    const ends = [client, upstream]
    for (const end of ends) {
      sockets.add(end)
      end.on('error', () => undefined)
      end.on('close', () => ends.forEach((other) => other.destroy()))
    }
    client.on('data', (bytes: Buffer) => (sent += bytes.toString('latin1')))
    client.pipe(upstream)
    upstream.on('data', (bytes: Buffer) => {
      client.write(Buffer.from(bytes.toString('latin1').replaceAll(said, heard), 'latin1'))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    get lines() {
      return sent.split('\r\n').slice(0, -1)
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
