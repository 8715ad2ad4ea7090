import { expect, test } from 'vitest'

import { MailroomError } from '../../src/errors.ts'
import type { HealthOptions } from '../../src/server/health.ts'
import { openHealthServer } from '../../src/server/health.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

class StoreDownError extends MailroomError {
  override readonly code = 'STORE_UNREACHABLE'
}

function options(checks: HealthOptions['checks']): HealthOptions {
  return { port: 0, checks, metrics: createMetrics().registry, checkTimeoutMs: 100 }
}

async function get(url: string): Promise<{ status: number; body: string; type: string }> {
  const response = await fetch(url)
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, body: await response.text(), type }
}

test('a process that answers is alive, whatever its store does', async () => {
  await using server = await openHealthServer(options({ store: () => 'down' }))
  expect(await get(`${server.url}/livez`)).toMatchObject({ status: 200, body: '{"alive":true}' })
})

test('a worker is ready when every check holds', async () => {
  await using server = await openHealthServer(
    options({ store: () => undefined, worker: () => Promise.resolve(undefined) }),
  )
  expect(await get(`${server.url}/readyz`)).toMatchObject({
    status: 200,
    body: '{"ready":true,"reasons":{}}',
  })
})

test('what is not ready is named with its reason', async () => {
  await using server = await openHealthServer(
    options({
      store: () => Promise.reject(new StoreDownError('the store does not answer')),
      worker: () => 'not taking jobs: it is shutting down',
      slow: () => Promise.withResolvers<undefined>().promise,
      broken: () => {
        throw new Error('redis://user:hunter2@host')
      },
      fine: () => undefined,
    }),
  )
  const { status, body } = await get(`${server.url}/readyz`)
  expect(status).toBe(503)
  expect(JSON.parse(body)).toEqual({
    ready: false,
    reasons: {
      store: 'the store does not answer (STORE_UNREACHABLE)',
      worker: 'not taking jobs: it is shutting down',
      slow: 'no answer within 100ms',
      broken: 'failed',
    },
  })
})

test('metrics come in the text format of Prometheus', async () => {
  await using server = await openHealthServer(options({}))
  const { status, body, type } = await get(`${server.url}/metrics`)
  expect(status).toBe(200)
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(body).toContain('# TYPE mailroom_messages_total counter')
})

test('it listens on the loopback address unless told otherwise', async () => {
  await using server = await openHealthServer(options({}))
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
})

test('a port that is taken is an error that says where and what to do', async () => {
  await using first = await openHealthServer(options({}))
  await expect(openHealthServer({ ...options({}), port: first.port })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    host: '127.0.0.1',
    port: first.port,
    message:
      `the health server needs port ${first.port} on "127.0.0.1", but another program listens ` +
      'there: stop that program, or choose another port (0 takes a free one)',
  })
})

test('an address of another machine is an error of its own', async () => {
  await expect(openHealthServer({ ...options({}), host: '192.0.2.1' })).rejects.toMatchObject({
    code: 'CANNOT_LISTEN',
  })
})

test('a server that was closed answers nobody', async () => {
  const server = await openHealthServer(options({}))
  await server.close()
  await expect(fetch(`${server.url}/livez`)).rejects.toThrow('fetch failed')
})
