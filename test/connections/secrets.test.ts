import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { inspect } from 'node:util'

import { describe, expect, test } from 'vitest'

import { parseConfig } from '../../src/connections/config.ts'
import type { ConnectionDefinition } from '../../src/connections/connection-definition.ts'
import { createConnections } from '../../src/connections/connections.ts'
import type { DigestMemory } from '../../src/connections/digest.ts'
import { createSecret } from '../../src/connections/secret.ts'
import type { ResolveOptions } from '../../src/connections/secrets.ts'
import { createCertificate } from '../support/certificate.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const env = { USER: 'bob', PW: 'S3cret', OTHER: 'other', EMPTY: '' }

describe('a reference', () => {
  test.for<[password: string, resolved: string]>([
    ['${env:PW}', 'S3cret'],
    ['a${env:PW}b${env:OTHER}', 'aS3cretbother'],
    ['literal', 'literal'],
    ['$${env:PW}', '${env:PW}'],
    ['$5 and $$', '$5 and $$'],
  ])('%s is looked up', async ([password, resolved]) => {
    expect(await resolvedPassword(password, { env })).toBe(resolved)
  })

  test('what is looked up is not expanded again', async () => {
    expect(await resolvedPassword('${env:A}', { env: { A: '${env:PW}', PW: 'x' } })).toBe(
      '${env:PW}',
    )
  })

  test.for<[content: string, secret: string]>([
    ['S3cret', 'S3cret'],
    ['S3cret\n', 'S3cret'],
    ['S3cret\r\n', 'S3cret'],
    ['S3cret\n\n', 'S3cret\n'],
    [' S3cret ', ' S3cret '],
  ])('to a file that holds %j is looked up without one line break', async ([content, secret]) => {
    await using directory = await temporaryDirectory()
    const file = path.join(directory.path, 'password')
    await writeFile(file, content)
    expect(await resolvedPassword(`\${file:${file}}`, { env: {} })).toBe(secret)
  })

  test.for<[password: string, says: string]>([
    ['${env:ABSENT}', '"${env:ABSENT}" is not set'],
    ['${env:EMPTY}', '"${env:EMPTY}" is empty'],
    ['x${file:/nowhere/password}', '"${file:/nowhere/password}" cannot be read'],
  ])('%s is unavailable by its name', async ([password, says]) => {
    const failure = resolvedPassword(password, { env })
    await expect(failure).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' })
    await expect(failure).rejects.toThrow(says)
  })

  test('to what is no regular file is unavailable at once: its writer may never come', async () => {
    await using directory = await temporaryDirectory()
    const pipe = path.join(directory.path, 'password')
    execFileSync('mkfifo', [pipe])
    for (const file of [pipe, directory.path]) {
      const failure = resolvedPassword(`\${file:${file}}`, { env: {} })
      await expect(failure).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' })
      await expect(failure).rejects.toThrow('is no regular file')
    }
  })

  test('to a file that is never read to its end is unavailable', async () => {
    const sources = { env: {}, readFile: () => new Promise<string>(() => {}), readWithinMs: 20 }
    const failure = resolvedPassword('${file:/gone}', sources)
    await expect(failure).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' })
    await expect(failure).rejects.toThrow('"${file:/gone}" was not read in time')
  })

  test('a certificate authority comes from a file, which has to hold one', async () => {
    const { cert } = createCertificate({ hosts: ['relay'] })
    const files: Record<string, string> = { '/ca.pem': cert, '/empty.pem': 'no certificate' }
    const readFile = (file: string) => Promise.resolve(files[file] ?? '')
    const resolve = (ca: string) =>
      createConnections({ relay: { server: 'relay', tlsOptions: { ca } } }).connections.resolve(
        'relay',
        { env: {}, readFile },
      )
    expect((await resolve('${file:/ca.pem}')).ca).toBe(cert.trimEnd())
    expect((await resolve(cert)).ca).toBe(cert)
    await expect(resolve('${file:/empty.pem}')).rejects.toMatchObject({
      code: 'SECRET_UNAVAILABLE',
    })
  })
})

describe('a digest', () => {
  const manager = {
    server: 'relay',
    auth: { method: 'basic', user: '${env:USER}', password: '${env:PW}' },
  } as const

  test('is the same for the same facts under any name', async () => {
    const digest = await digestOf(manager)
    expect(digest).toMatch(/^[0-9a-f]{32}$/)
    expect(await digestOf({ ...manager, description: 'x', limits: { sessions: 1 } })).toBe(digest)
    expect(await digestOf({ ...manager, auth: { ...manager.auth, password: 'S3cret' } })).toBe(
      digest,
    )
  })

  test.for<[what: string, definition: ConnectionDefinition]>([
    ['server', { ...manager, server: 'other' }],
    ['port', { ...manager, port: 2525 }],
    ['TLS mode', { ...manager, port: 587, tls: 'implicit' }],
    ['TLS version', { ...manager, tlsOptions: { minVersion: 'TLSv1.3' } }],
    ['server name', { ...manager, tlsOptions: { serverName: 'other' } }],
    ['user', { ...manager, auth: { ...manager.auth, user: 'alice' } }],
    ['password', { ...manager, auth: { ...manager.auth, password: '${env:OTHER}' } }],
    ['method', { ...manager, auth: { method: 'anonymous' } }],
    [
      'permission to log in insecurely',
      { ...manager, auth: { ...manager.auth, allowInsecureAuth: true } },
    ],
  ])('differs by %s', async ([, definition]) => {
    expect(await digestOf(definition)).not.toBe(await digestOf(manager))
  })

  test('differs by its key', async () => {
    expect(await digestOf(manager, { env, digestKey: 'a' })).not.toBe(
      await digestOf(manager, { env, digestKey: 'b' }),
    )
  })

  test('costs whoever guesses a password time, unless it has a key', async () => {
    const facts = [
      ['relay', 587, 'starttls', 'TLSv1.2', 'relay', ''],
      ['basic', 'bob', 'S3cret'],
    ]
    const keyed = (key: string): string =>
      createHmac('sha256', key).update(JSON.stringify(facts)).digest('hex').slice(0, 32)
    expect(await digestOf(manager, { env, digestKey: 'a' })).toBe(keyed('a'))
    const known = ['mailroom/connections', '']
    expect(known.map(keyed)).not.toContain(await digestOf(manager))
  })

  test('is computed once for what has not changed', async () => {
    const digests: DigestMemory = new Map()
    const first = await digestOf(manager, { env, digests })
    const [known] = digests.values()
    expect(await digestOf(manager, { env, digests })).toBe(first)
    expect([...digests.values()]).toEqual([known])
    expect(await digestOf(manager, { env: { ...env, PW: 'new' }, digests })).not.toBe(first)
    expect(digests.size).toBe(1)
    expect(await digestOf(manager, { env })).toBe(first)
  })

  test('changes when a secret file changes', async () => {
    await using directory = await temporaryDirectory()
    const file = path.join(directory.path, 'password')
    const { connections } = createConnections({
      relay: `smtp://bob:\${file:${file}}@relay`,
    })
    await writeFile(file, 'old')
    const old = await connections.resolve('relay', { env })
    await writeFile(file, 'new')
    const fresh = await connections.resolve('relay', { env })
    expect(fresh.digest).not.toBe(old.digest)
    expect(revealed(fresh)).toBe('new')
  })
})

describe('a secret', () => {
  test('shows itself nowhere, and opens only when asked to', () => {
    const secret = createSecret('S3cret')
    expect(everyByteOf({ secret, text: String(secret), spread: { ...secret } })).not.toContain(
      'S3cret',
    )
    expect(() => structuredClone(secret)).toThrow('could not be cloned')
    expect(secret.reveal()).toBe('S3cret')
  })

  test('is in nothing that a collection gives but what was asked for by name', async () => {
    const { connections, warnings } = createConnections({
      literal: 'smtps://bob:S3cret@relay:587',
      referred: 'smtp://bob:${env:PW}@relay',
      mixed: { server: 'relay', auth: { method: 'basic', user: 'u', password: 'S3cret${env:PW}' } },
      token: { server: 'relay', auth: { method: 'basic', user: 'S3cret', password: 'S3cret' } },
    })
    const resolved = await Promise.all(
      connections.names().map((name) => connections.resolve(name, { env })),
    )
    const produced = everyByteOf([
      connections,
      connections.list(),
      connections.names().map((name) => connections.get(name)),
      warnings,
      resolved,
    ])
    expect(produced).not.toContain('S3cret')
    expect(produced).toContain('${env:PW}')
    expect(connections.list().map(({ auth }) => auth)).toMatchObject([
      { user: 'bob', password: '[secret]' },
      { user: 'bob', password: '${env:PW}' },
      { user: 'u', password: '[secret]' },
      { user: '[secret]', password: '[secret]' },
    ])
  })

  test('is in no error of a configuration, wherever it stands', () => {
    const input = {
      queue: 'redis://:S3cret@localhost',
      digestKey: 'S3cret',
      wrong: true,
      connections: {
        a: 'smtp://bob:S3cret@relay?tls=none',
        b: { server: 'relay', auth: { method: 'basic', user: 'x', pasword: 'S3cret' } },
        c: { server: 'relay', auth: { method: 'S3cret!', password: 'S3cret' } },
        d: { server: 'bob:S3cret@relay', auth: { method: 'basic', password: ['S3cret'] } },
        e: { connectionString: 'SmtpServer=relay;Password=S3cret' },
        f: { server: 'relay', auth: { method: 'basic', user: 'x', password: '${S3cret}' } },
        g: { server: 'relay', tlsOptions: { ca: 'S3cret' } },
      },
    }
    const error = caught(() => parseConfig(input))
    expect(error).toMatchObject({ code: 'INVALID_CONFIGURATION' })
    expect(everyByteOf(error)).not.toContain('S3cret')
    const config = parseConfig({ queue: input.queue, digestKey: 'S3cret' })
    expect(everyByteOf(config)).not.toContain('S3cret')
    expect(config.queue?.reveal()).toBe(input.queue)
  })
})

async function resolvedPassword(password: string, options: ResolveOptions): Promise<string> {
  const { connections } = createConnections({
    relay: { server: 'relay', auth: { method: 'basic', user: 'bob', password } },
  })
  return revealed(await connections.resolve('relay', options))
}

function revealed({ credentials }: Awaited<ReturnType<typeof resolveAny>>): string {
  if (credentials.method !== 'basic') throw new Error('expected a password')
  return credentials.password.reveal()
}

function resolveAny(definition: ConnectionDefinition, options: ResolveOptions) {
  return createConnections({ any: definition }).connections.resolve('any', options)
}

async function digestOf(
  definition: ConnectionDefinition,
  options: ResolveOptions = { env },
): Promise<string> {
  return (await resolveAny(definition, options)).digest
}

function caught(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

/** Everything that printing `value` in any of the usual ways would show. */
function everyByteOf(value: unknown): string {
  const deep = { depth: Infinity, showHidden: true, getters: true } as const
  return [
    inspect(value, deep),
    inspect(value, { ...deep, customInspect: false }),
    JSON.stringify(value),
    String(value),
    value instanceof Error ? `${value.stack}${value.message}` : '',
  ].join('\n')
}
