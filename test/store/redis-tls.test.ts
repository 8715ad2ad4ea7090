import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { openQueues } from '../../src/queue/open.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store, StorePatience } from '../../src/store/store.ts'
import { createCertificate } from '../support/certificate.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { startRewritingProxy } from '../support/rewriting-proxy.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface TlsRedis extends AsyncDisposable {
  readonly server: RedisServer
  /** The files of authorities, of certificates and of keys. */
  readonly file: (name: string) => string
  /** `rediss://` with these parameters, at 127.0.0.1 unless told otherwise. */
  locate(parameters: Readonly<Record<string, string>>, host?: string): string
}

/** A Redis that speaks TLS only, and with clients of its authority only when `asksClients`. */
async function startTlsRedis({ asksClients = false } = {}): Promise<TlsRedis> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryDirectory()).path
  const file = (name: string): string => join(folder, name)
  const authority = createCertificate({ hosts: ['Authority'], isAuthority: true })
  const stranger = createCertificate({ hosts: ['Stranger'], isAuthority: true })
  const own = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })
  const client = createCertificate({ hosts: ['mailroom'], issuer: authority })
  const files: Readonly<Record<string, string>> = {
    'authority.crt': authority.cert,
    'stranger.crt': stranger.cert,
    'server.crt': own.cert,
    'server.key': own.key,
    'client.crt': client.cert,
    'client.key': client.key,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(file(name), text)
  const settings = {
    'tls-cert-file': file('server.crt'),
    'tls-key-file': file('server.key'),
    'tls-ca-cert-file': file('authority.crt'),
    'tls-auth-clients': asksClients ? 'yes' : 'no',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const server = stack.use(
    await startRedis({ args: (port) => ['--port', '0', '--tls-port', String(port), ...args] }),
  )
  const held = stack.move()
  return {
    server,
    file,
    locate: (parameters, host = '127.0.0.1') =>
      `rediss://${host}:${server.port}?${new URLSearchParams(parameters).toString()}`,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

/** What a patient store says at its start, and what a hasty one says in the end. */
async function answersOf(location: string): Promise<readonly [string, string]> {
  const open = (patience: StorePatience): Promise<Store> => openStore(location, { patience })
  const patient = await open('wait').then((store) => store.close().then(() => FINE), codeOf)
  const hasty = await open('fail-fast').catch(codeOf)
  if (typeof hasty === 'string') return [patient, hasty]
  await using store = hasty
  let said = ''
  const ask = async (): Promise<string> => (said = await store.nowMs().then(() => FINE, codeOf))
  // A server may hang up before its client can read why.
  await expect.poll(ask).not.toBe('STORE_UNREACHABLE')
  return [patient, said]
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

const FINE = 'fine'
const FAILED = 'STORE_TLS_FAILED'

describeOwnRedis('a Redis with TLS', () => {
  test('goes with the authority of its certificate, queues and notices included', async () => {
    await using redis = await startTlsRedis()
    const location = redis.locate({ sslrootcert: redis.file('authority.crt') })
    await using store = await openStore(location, { patience: 'wait' })
    await using queues = await openQueues(store)
    const heard: string[] = []
    await store.subscribe('news', (text) => heard.push(text))
    const taken: string[] = []
    const consumer = await queues.consume(
      'relay',
      async ({ id }) => {
        taken.push(id)
        return { kind: 'done' }
      },
      { concurrency: 1, onError: () => undefined },
    )
    await queues.add('relay', [{ id: 'm-1', data: 1 }])
    await expect.poll(() => taken).toEqual(['m-1'])
    await store.publish('news', 'x')
    await expect.poll(() => heard).toEqual(['x'])
    await consumer.stop(1000)
  })

  test('is refused with a strange authority or another name', async () => {
    await using redis = await startTlsRedis()
    const authority = redis.file('authority.crt')
    const cases: readonly (readonly [string, string])[] = [
      [redis.locate({ sslrootcert: redis.file('stranger.crt') }), FAILED],
      [redis.locate({}), FAILED],
      [redis.locate({ sslrootcert: redis.file('no.crt') }), FAILED],
      [redis.locate({ sslrootcert: authority }, 'localhost'), FAILED],
      [redis.locate({ sslmode: 'verify-ca', sslrootcert: authority }, 'localhost'), FINE],
    ]
    for (const [location, expected] of cases) {
      expect({ location, said: await answersOf(location) }).toEqual({
        location,
        said: [expected, expected],
      })
    }
  })

  test('that asks for a certificate gets ours, and refuses those without', async () => {
    await using redis = await startTlsRedis({ asksClients: true })
    const sslrootcert = redis.file('authority.crt')
    const pair = { sslcert: redis.file('client.crt'), sslkey: redis.file('client.key') }
    expect(await answersOf(redis.locate({ sslrootcert, ...pair }))).toEqual([FINE, FINE])
    expect(await answersOf(redis.locate({ sslrootcert }))).toEqual([FAILED, FAILED])
  })

  test('of an old version is refused', async () => {
    await using redis = await startRedis()
    const version = await versionOf(redis.url)
    const old = `5${version.slice(1)}`
    await using proxy = await startRewritingProxy(
      redis.port,
      `redis_version:${version}`,
      `redis_version:${old}`,
    )
    const opening = openStore(`redis://127.0.0.1:${proxy.port}`, { patience: 'wait' })
    await expect(opening).rejects.toMatchObject({
      code: 'STORE_TOO_OLD',
      message: expect.stringContaining(`and is ${old}`),
    })
  })
})

async function versionOf(url: string): Promise<string> {
  await using store = await openStore(url, { patience: 'wait' })
  if (store.kind !== 'redis') throw new Error('expected a Redis')
  return /redis_version:(\S+)/.exec(await store.client.info('server'))?.[1] ?? ''
}
