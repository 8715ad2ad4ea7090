import { readFileSync } from 'node:fs'
import path from 'node:path'

import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'

import { parseConfig } from '../../src/connections/config.ts'
import { connectionManagerSchema } from '../../src/connections/connection-manager.ts'
import { settingsSchema } from '../../src/connections/settings.ts'

interface Schema {
  readonly [key: string]: unknown
  readonly properties?: Readonly<Record<string, Schema>>
}

const FILE = path.resolve(import.meta.dirname, '../../mailroom.schema.json')
const schema = JSON.parse(readFileSync(FILE, 'utf8')) as Schema
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema)

const relay = { server: 'relay.example.com' }
const basic = { method: 'basic', user: 'bob', password: '${env:PW}' }
const windows = { method: 'windows', user: 'EXAMPLE\\bob', password: '${env:PW}' }
const refreshing = {
  method: 'oauth2',
  grant: 'refresh-token',
  user: 'you@gmail.com',
  clientId: 'c',
  refreshToken: '${env:RT}',
}
const calling = { method: 'oauth2', grant: 'callback', user: 'bob', getToken: 'f' }
const inProduction = (layer: unknown): unknown => ({
  connections: { relay, local: 'smtp://localhost' },
  environments: { production: layer },
})

describe('the JSON Schema', () => {
  test.for<[what: string, input: unknown]>([
    ['nothing', {}],
    ['a queue with references', { queue: 'postgres://a:${env:PW}@${file:/run/host}/mail' }],
    ['a queue whose scheme is referred to', { queue: ' redis${env:S}://localhost' }],
    ['a scheme in any case', { queue: 'Redis+Sentinel://a/main' }],
    ['a reference to itself', { $schema: './mailroom.schema.json' }],
    ['all settings', { queue: '${env:Q}', prefix: 'p', schema: 's', digestKey: 'k$${x}' }],
    [
      'inner settings',
      { worker: { lock: '2m', stopWithin: 500, port: 0 }, limits: { jobBytes: 1 } },
    ],
    ['a connection string', { connections: { 'Mail Server': 'SmtpServer=mail;EnableSsl=True;' } }],
    ['a URL', { connections: { relay: 'smtps://bob:${file:/run/s}@relay.example.com' } }],
    ['a string and properties', { connections: { a: { connectionString: 'smtp://a', port: 26 } } }],
    ['a login', { connections: { relay: { ...relay, auth: basic } } }],
    [
      'a service',
      { connections: { relay: { service: 'exchange-online', limits: { sessions: 1 } } } },
    ],
    ['a login by OAuth 2.0', { connections: { relay: { service: 'gmail', auth: refreshing } } }],
    ['a login of Windows', { connections: { relay: { ...relay, auth: windows } } }],
    [
      'a login as the process',
      { connections: { relay: { ...relay, auth: { method: 'windows', spn: 'SMTPSVC/a' } } } },
    ],
    [
      'durations',
      { connections: { relay: { ...relay, timeouts: { dot: '1h30m', tls: '1m 5s' } } } },
    ],
    [
      'TLS options',
      {
        connections: {
          relay: {
            ...relay,
            tls: 'opportunistic',
            tlsOptions: {
              cert: '${file:/run/tls/cert.pem}',
              key: '${file:/run/tls/key.pem}',
              passphrase: '${env:P}',
              fingerprint: ['ab'.repeat(32), `${'AB:'.repeat(31)}AB`],
              legacy: true,
              minVersion: 'TLSv1.1',
            },
          },
        },
      },
    ],
    ['one fingerprint', withTls({ fingerprint: 'ab'.repeat(32) })],
    ['an environment', inProduction({ queue: 'redis://q', worker: { port: null, host: 'h' } })],
    ['part of a manager', inProduction({ connections: { relay: { limits: { sessions: 9 } } } })],
    ['part of a login', { ...withLogin({ auth: { password: '${env:P}' } }) }],
    ['another login', { ...withLogin({ auth: { method: 'anonymous' } }) }],
    ['what is taken away', inProduction({ connections: { relay: { from: null }, local: null } })],
    ['a replaced manager', inProduction({ connections: { relay: 'smtp://other' } })],
  ])('accepts %s, as we do', ([, input]) => {
    validate(input)
    expect(validate.errors).toBeNull()
    expect(() => parseConfig(input, choiceFor(input))).not.toThrow()
  })

  test.for<[what: string, input: unknown]>([
    ['a list', []],
    ['an unknown setting', { queu: 'redis://localhost' }],
    ['an unknown inner setting', { worker: { lok: '1m' } }],
    ['a duration without unit', { worker: { lock: '12' } }],
    ['a duration of words', { connections: { relay: { ...relay, timeouts: { dot: 'soon' } } } }],
    ['no time at all', { connections: { relay: { ...relay, timeouts: { dot: 0 } } } }],
    ['a schema that Postgres would fold', { schema: 'Mail-Room' }],
    ['a queue that is no store', { queue: 'http://nonsense' }],
    ['a queue without a scheme', { queue: 'localhost:6379' }],
    ['a reference behind a wrong scheme', { queue: 'mysql://${env:HOST}' }],
    ['a broken reference', { queue: '${QUEUE}' }],
    [
      'a broken password',
      { connections: { relay: { ...relay, auth: { ...basic, password: '${x' } } } },
    ],
    ['a manager without server', { connections: { relay: { port: 25 } } }],
    ['a port as text', { connections: { relay: { ...relay, port: '25' } } }],
    ['a port that is none', { connections: { relay: { ...relay, port: 65_536 } } }],
    ['an unknown service', { connections: { relay: { ...relay, service: 'hotmail' } } }],
    ['a login that takes a function', { connections: { relay: { ...relay, auth: calling } } }],
    ['an unknown login', { connections: { relay: { ...relay, auth: { method: 'ntlm' } } } }],
    [
      'a login without password',
      { connections: { relay: { ...relay, auth: { method: 'basic' } } } },
    ],
    [
      'a mechanism that Windows has not',
      { connections: { relay: { ...relay, auth: { ...windows, mechanism: 'PLAIN' } } } },
    ],
    [
      'a service without host',
      { connections: { relay: { ...relay, auth: { ...windows, spn: 'SMTPSVC' } } } },
    ],
    ['an unknown TLS mode', { connections: { relay: { ...relay, tls: 'ssl' } } }],
    ['a fingerprint that is none', withTls({ fingerprint: 'ab:cd' })],
    ['no fingerprints', withTls({ fingerprint: [] })],
    ['an unknown TLS version', withTls({ minVersion: 'SSLv3' })],
    ['a list of managers', { connections: [relay] }],
    ['nothing for a manager', { connections: { relay: null } }],
    ['an unknown property of a layer', inProduction({ connections: { relay: { prot: 1 } } })],
    ['environments within', inProduction({ environments: {} })],
  ])('refuses %s, as we do', ([, input]) => {
    expect(validate(input)).toBe(false)
    expect(() => parseConfig(input, choiceFor(input))).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
    )
  })

  test('describes every property', () => {
    const bare = [...propertiesIn(schema, '')].filter(([, one]) => !one['description'])
    expect(bare.map(([where]) => where)).toEqual([])
  })

  test('tells every default', () => {
    const manager = connectionManagerSchema.parse({ name: 'x', server: 'x' })
    const { port: _byTls, name: _key, server: _needed, ...rest } = manager
    const defaults = {
      ...leavesOf({ ...rest, auth: 'anonymous', uncertain: 'hold' }),
      ...leavesOf(settingsSchema.parse({})),
    }
    const told = [...propertiesIn(schema, '')].filter(([, one]) => one['default'] !== undefined)
    const names = told.map(([way]) => way.split('/').at(-1))
    expect(Object.keys(defaults).filter((name) => !names.includes(name))).toEqual([])
  })
})

function withTls(tlsOptions: object) {
  return { connections: { relay: { ...relay, tlsOptions } } }
}

function withLogin(layer: unknown) {
  const connections = { relay: { ...relay, auth: basic } }
  return { connections, environments: { production: { connections: { relay: layer } } } }
}

function choiceFor(input: unknown) {
  const has = typeof input === 'object' && input !== null && 'environments' in input
  return has ? { environment: 'production' } : {}
}

/** Every property of `one` and of what is inside of it, with its way. */
function* propertiesIn(one: unknown, way: string): Generator<[way: string, schema: Schema]> {
  if (typeof one !== 'object' || one === null) return
  const { properties } = one as Schema
  for (const [name, inner] of Object.entries(properties ?? {})) yield [`${way}/${name}`, inner]
  for (const [key, inner] of Object.entries(one)) {
    if (key === 'default') continue
    const isList = ['properties', 'definitions'].includes(key) || /^\d+$/.test(key)
    yield* propertiesIn(inner, isList ? way : `${way}/${key}`)
  }
}

/** The names of the values inside of `value`. */
function leavesOf(value: object): Readonly<Record<string, true>> {
  const names = Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.keys(leavesOf(inner))
      : [name],
  )
  return Object.fromEntries(names.map((name) => [name, true]))
}
