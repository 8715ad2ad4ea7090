import { once } from 'node:events'
import { createServer } from 'node:net'

import { expect, test } from 'vitest'

import { openSharedPool } from '../../src/store/shared-pool.ts'
import { portOf } from '../support/port-of.ts'

test('a server that ends a connection with its first word is away, and ends no process', async () => {
  await using server = await startFarewell()
  const errors: unknown[] = []
  const pool = await openSharedPool({
    location: 'a test',
    parameters: () => Promise.resolve({ host: '127.0.0.1', port: server.port, user: 'me' }),
    onError: (error) => errors.push(error),
  })
  try {
    for (const ask of [() => pool.query('select 1'), () => pool.transaction(async () => 1)]) {
      await expect(ask()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    }
  } finally {
    await pool.close()
  }
  expect(errors).toEqual([])
})

/** Lets everybody in and hangs up, in one packet, as a Postgres that dies at that moment. */
async function startFarewell(): Promise<AsyncDisposable & { readonly port: number }> {
  const words = Buffer.concat([
    message('R', '\0\0\0\0'),
    message('Z', 'I'),
    message('E', 'SFATAL\0C57P01\0Mterminating connection\0\0'),
  ])
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(words))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

/** A message of Postgres' protocol: its kind, its length with itself, and what it says. */
function message(kind: string, body: string): Buffer {
  const head = Buffer.alloc(5)
  head.write(kind, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, Buffer.from(body, 'latin1')])
}
