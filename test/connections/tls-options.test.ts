import { describe, expect, test } from 'vitest'

import { parseConfig } from '../../src/connections/config.ts'
import { referencesOf } from '../../src/connections/config-references.ts'
import type { ConnectionProperties } from '../../src/connections/connection-definition.ts'
import { outdatedCertificates } from '../../src/connections/connection-warning.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { createCertificate } from '../support/certificate.ts'
import { problemsOf } from './problems-of.ts'

type ManagerOptions = ConnectionProperties['tlsOptions']

const DAY_MS = 86_400_000
const ours = createCertificate({ hosts: ['our worker'] })
const renewed = createCertificate({ hosts: ['our worker'] })
const locked = createCertificate({ hosts: ['our worker'], passphrase: 'S3cret' })
const expired = createCertificate({
  hosts: ['our worker'],
  notAfter: new Date(Date.now() - DAY_MS / 2),
})
const BROKEN = ours.cert.replace(/\n.{64}\n/, '\n')
const FINGERPRINT = `${'aB'.repeat(16)}${'01'.repeat(16)}`
const WITH_COLONS = `${'AB:'.repeat(16)}${'01:'.repeat(15)}01`

function collect(tlsOptions: ManagerOptions, properties: Partial<ConnectionProperties> = {}) {
  return createConnections({ relay: { server: 'relay', tlsOptions, ...properties } })
}

function parse(tlsOptions: ManagerOptions) {
  return collect(tlsOptions).connections.get('relay').tlsOptions
}

function resolve(tlsOptions: ManagerOptions, files: Readonly<Record<string, string>> = {}) {
  const readFile = (file: string) => Promise.resolve(files[file] ?? '')
  const env = { PASSPHRASE: 'S3cret' }
  return collect(tlsOptions).connections.resolve('relay', { env, readFile })
}

function verify(tlsOptions: ManagerOptions, files: Readonly<Record<string, string>>) {
  const readFile = (file: string) => Promise.resolve(files[file] ?? '')
  return collect(tlsOptions).connections.verify('relay', { env: {}, readFile })
}

describe('TLS options', () => {
  test.for<[given: string | string[], read: readonly string[]]>([
    [FINGERPRINT, [WITH_COLONS]],
    [WITH_COLONS.toLowerCase(), [WITH_COLONS]],
    [
      [FINGERPRINT, '00'.repeat(32)],
      [WITH_COLONS, `${'00:'.repeat(31)}00`],
    ],
  ])('take the fingerprint %s', ([fingerprint, read]) => {
    expect(parse({ fingerprint }).fingerprint).toEqual(read)
  })

  test('have a server name as certificates have it', () => {
    expect(parse({ serverName: 'Bücher.example' }).serverName).toBe('xn--bcher-kva.example')
  })

  test.for<[ManagerOptions, minVersion: string]>([
    [{}, 'TLSv1.2'],
    [{ legacy: true }, 'TLSv1'],
    [{ legacy: true, minVersion: 'TLSv1.1' }, 'TLSv1.1'],
    [{ legacy: true, minVersion: 'TLSv1.2' }, 'TLSv1.2'],
  ])('%o mean versions from %s on', ([options, minVersion]) => {
    expect(parse(options)).toMatchObject({ minVersion })
  })

  test.for<[property: string, options: object, says: string]>([
    ['fingerprint', { fingerprint: 'AB:CD' }, '64 hexadecimal digits'],
    ['fingerprint', { fingerprint: `${'AB:'.repeat(31)}ABCD` }, '64 hexadecimal digits'],
    ['fingerprint', { fingerprint: [] }, '64 hexadecimal digits'],
    ['minVersion', { minVersion: 'TLSv1' }, '`legacy: true`'],
    ['minVersion', { minVersion: 'TLSv1.1' }, '`legacy: true`'],
    ['minVersion', { minVersion: 'SSLv3', legacy: true }, '"TLSv1"|"TLSv1.1"'],
    ['cert', { cert: '/etc/client.pem', key: '${file:/k}' }, 'PEM text, or "${file:path}"'],
    ['key', { cert: '${file:/c}', key: '/etc/client.key' }, 'PEM text, or "${file:path}"'],
    ['key', { cert: ours.cert }, 'the private key of `cert`'],
    ['cert', { key: ours.key }, 'the certificate of `key`'],
    ['key', { cert: ours.cert, key: renewed.key }, 'is not the key of'],
    ['key', { cert: locked.cert, key: locked.key }, 'does not open it'],
    ['key', { cert: locked.cert, key: locked.key, passphrase: 'x' }, 'does not open it'],
    ['cert', { cert: BROKEN, key: ours.key }, 'expected certificates as PEM text'],
    ['ca', { ca: `${ours.cert}${BROKEN}` }, 'expected certificates as PEM text'],
    ['passphrase', { passphrase: 'x' }, 'expected a `key`'],
    ['ca', { ca: ours.cert, fingerprint: FINGERPRINT }, 'beside `fingerprint`'],
    ['legacy', { legacy: 'yes' }, 'expected boolean'],
  ])('with a wrong %s are refused (%#)', ([property, tlsOptions, says]) => {
    const problems = problemsOf(() => collect(tlsOptions))
    expect(problems.map(({ path }) => path.slice(2).join('.'))).toEqual([`tlsOptions.${property}`])
    expect(problems[0]?.message).toContain(says)
  })

  test('tell all that is wrong with them at once', () => {
    const tlsOptions = { minVersion: 'TLSv1', fingerprint: 'x', cert: ours.cert, serverName: 'a b' }
    const problems = problemsOf(() => collect(tlsOptions as ManagerOptions, { port: 0 }))
    expect(problems.map(({ path }) => path.slice(2).join('.')).toSorted()).toEqual([
      'port',
      'tlsOptions.fingerprint',
      'tlsOptions.key',
      'tlsOptions.minVersion',
      'tlsOptions.serverName',
    ])
  })

  test('of a URL are the same', () => {
    const query = `cert=\${file:/c}&key=\${file:/k}&passphrase=\${env:P}&fingerprint=${FINGERPRINT},${'00'.repeat(32)}&legacy=true&minVersion=TLSv1.1`
    const { connections } = createConnections({ relay: `smtp://relay?tls=opportunistic&${query}` })
    expect(connections.get('relay')).toMatchObject({ tls: 'opportunistic', port: 25 })
    expect(connections.list()[0]?.tlsOptions).toEqual({
      cert: '${file:/c}',
      key: '${file:/k}',
      passphrase: '${env:P}',
      fingerprint: [WITH_COLONS, `${'00:'.repeat(31)}00`],
      legacy: true,
      minVersion: 'TLSv1.1',
    })
  })

  test('are listed without what is secret', () => {
    const options = { cert: locked.cert, key: locked.key, passphrase: 'S3cret' }
    const [listed] = collect(options).connections.list()
    expect(listed?.tlsOptions).toMatchObject({
      cert: expect.stringMatching(/^PEM, \d+ characters$/),
      key: '[secret]',
      passphrase: '[secret]',
    })
    expect(JSON.stringify(collect(options).connections.get('relay'))).not.toContain('PRIVATE KEY')
  })
})

describe('a client certificate', () => {
  const references = { cert: '${file:/c}', key: '${file:/k}', passphrase: '${env:PASSPHRASE}' }

  test('comes from files, with a key that a passphrase opens', async () => {
    const { clientCertificate } = await resolve(references, {
      '/c': locked.cert,
      '/k': locked.key,
    })
    expect(clientCertificate).toMatchObject({ cert: locked.cert.trimEnd() })
    expect(clientCertificate?.key.reveal()).toBe(locked.key.trimEnd())
    expect(clientCertificate?.passphrase?.reveal()).toBe('S3cret')
  })

  test.for<[flaw: string, files: Readonly<Record<string, string>>, says: string]>([
    ['key-of-another', { '/c': ours.cert, '/k': renewed.key }, 'is not the key of'],
    ['no-key', { '/c': ours.cert, '/k': 'nothing' }, 'holds no private key'],
    ['no-certificate', { '/c': 'nothing', '/k': ours.key }, 'no certificate'],
    ['no-certificate', { '/c': BROKEN, '/k': ours.key }, 'no certificate'],
    ['key-locked', { '/c': locked.cert, '/k': locked.key }, 'does not open it'],
  ])('is unavailable for %s (%#)', async ([flaw, files, says]) => {
    const failure = resolve({ cert: '${file:/c}', key: '${file:/k}' }, files)
    await expect(failure).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE', flaw })
    await expect(failure).rejects.toThrow(says)
    const verified = await verify({ cert: '${file:/c}', key: '${file:/k}' }, files)
    expect(verified).toMatchObject({ ok: false, problem: `secrets.${flaw}` })
  })

  test('is unavailable without authorities in the file of `ca`', async () => {
    const files = { '/a': 'nothing', '/b': `${ours.cert}${BROKEN}` }
    for (const ca of ['${file:/a}', '${file:/b}']) {
      const failure = resolve({ ca }, files)
      await expect(failure).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE', reference: ca })
      expect(await verify({ ca }, files)).toMatchObject({ problem: 'secrets.no-authority' })
    }
    const both = { '/a': `# ours\n${ours.cert}\n# and\n${renewed.cert}` }
    expect(await resolve({ ca: '${file:/a}' }, both)).toHaveProperty('ca', both['/a'].trimEnd())
  })

  test('in a file is told when it is out of date', async () => {
    const { connections } = collect({ cert: '${file:/c}', key: '${file:/k}' })
    const managers = [connections.get('relay')]
    const warningsAt = (now: Date, cert = expired.cert) =>
      outdatedCertificates(managers, { env: {}, readFile: () => Promise.resolve(cert) }, now)
    const code = 'CLIENT_CERTIFICATE_EXPIRED'
    expect(await warningsAt(new Date())).toMatchObject([{ connection: 'relay', code }])
    const early = new Date(Date.now() - 90 * DAY_MS)
    expect(await warningsAt(early)).toMatchObject([
      { message: expect.stringContaining('is not valid before') },
    ])
    expect(await warningsAt(new Date(), ours.cert)).toEqual([])
    expect(await warningsAt(new Date(), 'nothing')).toEqual([])
  })

  test('is watched for with all that it refers to', () => {
    const config = parseConfig({
      connections: { relay: { server: 'relay', tlsOptions: { ...references, ca: '${file:/a}' } } },
    })
    expect(referencesOf(config)).toEqual({ files: ['/a', '/c', '/k'], variables: ['PASSPHRASE'] })
  })
})

describe('a digest differs', () => {
  const files = { '/c': ours.cert, '/k': ours.key }
  const client = { cert: '${file:/c}', key: '${file:/k}' }

  test.for<[what: string, ManagerOptions, files: Readonly<Record<string, string>>]>([
    ['the client certificate', {}, files],
    ['a renewed client certificate', client, { '/c': renewed.cert, '/k': renewed.key }],
    ['the fingerprint', { ...client, fingerprint: FINGERPRINT }, files],
    ['what old relays need', { ...client, legacy: true, minVersion: 'TLSv1.2' }, files],
    ['the oldest version', { ...client, minVersion: 'TLSv1.3' }, files],
  ])('by %s', async ([, options, its]) => {
    const { digest } = await resolve(client, files)
    expect((await resolve(options, its)).digest).not.toBe(digest)
  })

  test('by no other order of fingerprints', async () => {
    const other = '00'.repeat(32)
    const [one, two] = await Promise.all([
      resolve({ fingerprint: [FINGERPRINT, other] }),
      resolve({ fingerprint: [other, FINGERPRINT] }),
    ])
    expect(one.digest).toBe(two.digest)
  })
})

describe('a warning', () => {
  test.for<[Partial<ConnectionProperties>, codes: readonly string[]]>([
    [{ tls: 'opportunistic' }, ['OPPORTUNISTIC_TLS']],
    [{ tls: 'opportunistic', port: 587 }, ['OPPORTUNISTIC_TLS']],
    [{ tls: 'opportunistic', port: 465 }, ['PORT_TLS_MISMATCH', 'OPPORTUNISTIC_TLS']],
    [{ tlsOptions: { legacy: true } }, ['LEGACY_TLS']],
    [{ tlsOptions: { cert: expired.cert, key: expired.key } }, ['CLIENT_CERTIFICATE_EXPIRED']],
    [{ tlsOptions: { cert: ours.cert, key: ours.key } }, []],
    [{ tlsOptions: { fingerprint: FINGERPRINT } }, []],
  ])('is given for what is doubtful (%#)', ([properties, codes]) => {
    const { warnings } = collect(properties.tlsOptions, properties)
    expect(warnings.map(({ code }) => code)).toEqual(codes)
  })

  test.for([
    { method: 'basic', user: 'bob', password: '${env:PW}' },
    { method: 'oauth2', grant: 'callback', user: 'bob', getToken: () => ({ accessToken: 'a' }) },
  ] as const)('is given for what opportunistic TLS may give away of $method', (auth) => {
    const codes = (allowInsecureAuth: boolean) =>
      collect({}, { tls: 'opportunistic', auth: { ...auth, allowInsecureAuth } }).warnings.map(
        ({ code }) => code,
      )
    expect(codes(false)).toEqual(['OPPORTUNISTIC_TLS'])
    expect(codes(true)).toEqual(['INSECURE_AUTH', 'OPPORTUNISTIC_TLS'])
  })
})

test('EnableSsl=True demands STARTTLS still', () => {
  const { connections } = createConnections({ relay: 'SmtpServer=relay;EnableSsl=True;' })
  expect(connections.get('relay')).toMatchObject({ tls: 'starttls', port: 25 })
})
