import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import type { Certificate } from './certificate.ts'
import { portOf } from './port-of.ts'

/** What somebody on the way does to a session. */
export interface Tricks {
  /** Makes another text of what the server says, as long as it can read along. */
  readonly rewrite?: (said: string) => string
  /** What it says itself to a command, which the server then never gets; undefined: hand it on. */
  readonly answer?: (command: string) => string | undefined
  /** Ends TLS itself, with this certificate, and speaks plainly to the server. */
  readonly tls?: { readonly mode: 'starttls' | 'implicit'; readonly certificate: Certificate }
}

/** Stands between a client and a server, and keeps every byte that it could read. */
export interface ManInTheMiddle extends AsyncDisposable {
  readonly port: number
  /** Connections that clients have made. */
  readonly connections: number
  /** All that clients have sent: as it came, and what was in TLS that it has ended. */
  readonly heard: string
}

/** Stands before `port` of loopback; without tricks it hands on what comes. */
export async function startManInTheMiddle(
  port: number,
  tricks: Tricks = {},
): Promise<ManInTheMiddle> {
  const sockets = new Set<Socket>()
  let heard = ''
  let connections = 0
  const server = createServer((client) => {
    connections++
    const upstream = connect(port, '127.0.0.1')
    for (const end of [client, upstream]) {
      sockets.add(end)
      end.on('close', () => [client, upstream].forEach((other) => other.destroy()))
      end.on('error', () => {})
    }
    client.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
    interfere({ client, upstream, tricks, overhear: (text) => (heard += text) })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    get connections() {
      return connections
    },
    get heard() {
      return heard
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Between {
  readonly client: Socket
  readonly upstream: Socket
  readonly tricks: Tricks
  readonly overhear: (text: string) => void
}

/** The first byte of a handshake (RFC 8446 §5.1): from there on it sees nothing but bytes. */
const HANDSHAKE = 0x16

function interfere({ client, upstream, tricks, overhear }: Between): void {
  const { rewrite = (said) => said, answer = () => undefined, tls } = tricks
  let speaker = client
  let isBlind = false
  const endTls = (): void => {
    client.removeAllListeners('data')
    speaker = new TLSSocket(client, { isServer: true, ...tls?.certificate })
    speaker.on('error', () => {})
    speaker.on('data', (bytes: Buffer) => overhear(bytes.toString('latin1')))
    speaker.on('data', onClient)
  }
  const onClient = (bytes: Buffer): void => {
    isBlind ||= speaker === client && bytes[0] === HANDSHAKE
    const command = isBlind ? '' : bytes.toString('latin1')
    const said = answer(command)
    if (said !== undefined) speaker.write(said)
    else if (tls?.mode === 'starttls' && command === 'STARTTLS\r\n') {
      speaker.write('220 go on\r\n')
      endTls()
    } else upstream.write(bytes)
  }
  upstream.on('data', (bytes: Buffer) => {
    if (isBlind) client.write(bytes)
    else speaker.write(Buffer.from(rewrite(bytes.toString('latin1')), 'latin1'))
  })
  if (tls?.mode === 'implicit') endTls()
  else client.on('data', onClient)
}
