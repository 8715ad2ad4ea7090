import { expect, test } from 'vitest'

import { createConnections, createMailroom, createWorker } from '../../src/index.ts'

test.for([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'redis://localhost'],
  ['connections that are a text', { queue: 'embedded:/x', connections: 'relay' }],
  ['a bad connection and a bad setting', { prefix: 7, connections: { relay: { port: 1 } } }],
] as const)('%s is no configuration, and is told with a code', ([, config]) => {
  for (const create of [createMailroom, createWorker]) {
    expect(() => create(config as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
    )
  }
})

test('a port that does not fit its TLS mode is told, and nothing is refused', () => {
  const config = {
    queue: 'embedded:/nowhere',
    connections: { relay: { server: 'relay.example.com', port: 465, tls: 'starttls' as const } },
  }
  for (const create of [createMailroom, createWorker]) {
    const warnings: unknown[] = []
    create(config, { onWarning: (warning) => warnings.push(warning) })
    expect(warnings).toMatchObject([
      {
        connection: 'relay',
        code: 'PORT_TLS_MISMATCH',
        message: expect.stringMatching(/465.*starttls/),
      },
    ])
  }
})

test('the names of a worker are those of the collection beside them', () => {
  const { connections } = createConnections({ relay: 'smtp://relay.example.com' })
  const config = (names: string[]) =>
    ({ queue: 'embedded:/nowhere', connections, worker: { connections: names } }) as const
  expect(() => createWorker(config(['relay']))).not.toThrow()
  expect(() => createWorker(config(['relais']))).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_CONNECTION' }),
  )
})

test('verify needs no options where no reference is to be looked up', async () => {
  const { connections } = createConnections({
    away: { server: '127.0.0.1', port: 1, tls: 'none', timeouts: { connect: 500 } },
  })
  expect(await connections.verify('away')).toMatchObject({ ok: false })
})
