import { createHash, randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'

import { expect, test } from 'vitest'

import type { BodyFlowHooks } from '../../src/connections/body-flow.ts'
import { createReach } from '../../src/connections/reach.ts'
import { streamBody } from '../../src/connections/stream-flow.ts'
import { openWire } from '../../src/connections/wire.ts'
import type { ContentStore } from '../../src/content/content.ts'
import { refOf } from '../../src/job/content-ref.ts'
import { base64Segment } from '../../src/worker/mime/content-body.ts'
import { openSpool } from '../../src/worker/spool.ts'
import { createCertificate } from '../support/certificate.ts'
import { portOf } from '../support/port-of.ts'

/** More than systems keep for a server that does not read. */
const BYTES = 24_000_001
/** Node.js says at once that it took what it only keeps. */
const KEEPS_ALL = 256 * 2 ** 20

test.for([
  ['a connection', 'plain', undefined],
  ['a connection that keeps all that is written', 'plain', KEEPS_ALL],
  ['TLS', 'TLS', undefined],
] as const)(
  'a server that reads nothing for a while gets every byte over %s',
  { timeout: 180_000 },
  async ([, security, highWaterMark]) => {
    await using server = await startDeafServer(security)
    const content = randomFillSync(Buffer.alloc(BYTES))
    const ref = refOf(content)
    await using spool = openSpool(
      { open: () => piecesOf(content) } as Partial<ContentStore> as ContentStore,
      { directory: tmpdir() },
    )
    using spooled = await spool.take(ref)
    const segment = base64Segment(spooled)
    const head = Buffer.from('Subject: large\r\n\r\n')
    const expected = createHash('sha256')
      .update(head)
      .update(content.toString('base64').replaceAll(/.{76}(?=.)/g, '$&\r\n'))
      .update('\r\n.\r\n')
      .digest('hex')

    const socket = await server.open(highWaterMark)
    const wire = openWire(socket, {
      extensions: new Map() as never,
      isVerified: false,
      timeouts: {} as never,
      reach: createReach(),
      onIdleEnd: () => {},
    })
    const dot = Promise.withResolvers<void>()
    const hooks: BodyFlowHooks = {
      mayDot: () => Promise.resolve(true),
      onProgress: () => {},
      onDotSent: () => dot.resolve(),
      onDotWithheld: (error) => dot.reject(error),
    }
    const body = { bytes: head.length + segment.bytes, segments: [head, segment] }
    const flow = streamBody(wire, body, hooks)
    wire.attach({ onReply: () => {}, onEnd: () => {}, onDrain: flow.onDrain })
    await expect.poll(() => socket.writableLength).toBeGreaterThan(0)
    server.listenNow()
    await dot.promise
    await expect.poll(() => socket.writableLength).toBe(0)
    socket.end()
    expect(await server.heard).toBe(expected)
  },
)

interface DeafServer extends AsyncDisposable {
  readonly open: (highWaterMark: number | undefined) => Promise<Socket>
  readonly listenNow: () => void
  /** The digest of all that came until the connection ended. */
  readonly heard: Promise<string>
}

/** Takes one connection and reads nothing until it is told to. */
async function startDeafServer(security: 'plain' | 'TLS'): Promise<DeafServer> {
  const listens = Promise.withResolvers<void>()
  const heard = Promise.withResolvers<string>()
  const hear = async (socket: Socket): Promise<void> => {
    await listens.promise
    const hash = createHash('sha256')
    for await (const piece of socket) hash.update(piece as Buffer)
    heard.resolve(hash.digest('hex'))
  }
  const takes = (socket: Socket): void => void hear(socket).catch(heard.reject)
  const { key, cert } = createCertificate({ hosts: ['127.0.0.1'] })
  const server = security === 'TLS' ? createTlsServer({ key, cert }, takes) : createServer(takes)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let opened: Socket | undefined
  return {
    open: async (highWaterMark) => {
      const at = { port: portOf(server), host: '127.0.0.1' }
      const more = highWaterMark === undefined ? {} : { highWaterMark }
      opened = security === 'TLS' ? connectTls({ ...at, ca: cert }) : connect({ ...at, ...more })
      await once(opened, security === 'TLS' ? 'secureConnect' : 'connect')
      return opened
    },
    listenNow: listens.resolve,
    heard: heard.promise,
    [Symbol.asyncDispose]: async () => {
      opened?.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function* piecesOf(content: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += 262_144) yield content.subarray(at, at + 262_144)
}
