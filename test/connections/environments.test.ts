import { describe, expect, expectTypeOf, test } from 'vitest'

import { defineConfig, parseConfig } from '../../src/connections/config.ts'
import type { ConnectionName } from '../../src/connections/config.ts'
import { createWorker } from '../../src/index.ts'
import { problemsOf } from './problems-of.ts'

const config = defineConfig({
  queue: 'redis://localhost',
  worker: { stopWithin: '10s', port: 9100 },
  connections: {
    relay: {
      server: 'relay.test',
      auth: { method: 'basic', user: 'bob', password: 'S3cret-of-tests' },
      limits: { sessions: 2 },
      timeouts: { connect: '1s', dot: '2m' },
    },
    cloud: 'smtp://api:${env:KEY}@cloud.test?sessions=7',
    'Mail Server': 'SmtpServer=old;EnableSsl=True;Timeout=2000;',
    local: 'smtp://localhost?tls=none',
  },
  environments: {
    production: {
      queue: 'redis://queue.example.com',
      worker: { port: null, host: '0.0.0.0' },
      connections: {
        relay: {
          server: 'relay.example.com',
          auth: { password: '${file:/run/secrets/relay}' },
          timeouts: { dot: null },
        },
        cloud: { limits: { sessions: 20 }, auth: { password: '${file:/run/secrets/cloud}' } },
        'Mail Server': { server: 'mail.example.com', tls: 'none' },
        local: null,
      },
    },
    staging: {
      connections: {
        relay: { redirectAll: 'staging@example.com', auth: { method: 'anonymous' } },
        cloud: 'smtp://staging.example.com',
      },
    },
  },
})

describe('an environment', () => {
  test('says single properties otherwise, of settings and of connection managers', () => {
    const { queue, worker, connections } = parseConfig(config, { environment: 'production' })
    expect(queue?.reveal()).toBe('redis://queue.example.com')
    expect(worker).toEqual({
      lock: 60_000,
      maxInFlight: 1_000,
      verifyAtStart: true,
      stopWithin: 10_000,
      host: '0.0.0.0',
    })
    expect(connections.list()).toMatchObject([
      {
        name: 'relay',
        server: 'relay.example.com',
        auth: { user: 'bob', password: '${file:/run/secrets/relay}' },
        limits: { sessions: 2 },
        timeouts: { connect: 1000, dot: 600_000 },
      },
      {
        name: 'cloud',
        server: 'cloud.test',
        auth: { user: 'api', password: '${file:/run/secrets/cloud}' },
        limits: { sessions: 20 },
      },
      {
        name: 'Mail Server',
        server: 'mail.example.com',
        tls: 'none',
        port: 25,
        timeouts: { connect: 2000 },
      },
    ])
  })

  test('may replace a connection manager or its login as a whole', () => {
    const { connections } = parseConfig(config, { environment: 'staging' })
    expect(connections.names()).toEqual(['relay', 'cloud', 'Mail Server', 'local'])
    expect(connections.list()).toMatchObject([
      {
        server: 'relay.test',
        redirectAll: 'staging@example.com',
        auth: { method: 'anonymous' },
      },
      { server: 'staging.example.com', auth: { method: 'anonymous' }, limits: { sessions: 5 } },
      {},
      {},
    ])
  })

  test('counts only when it is asked for', () => {
    const { queue, connections } = parseConfig(config)
    expect(queue?.reveal()).toBe('redis://localhost')
    expect(connections.get('relay').server).toBe('relay.test')
  })

  test('is told as the origin of what it changes, without values', () => {
    const file = '/etc/mailroom.config.ts'
    const { connections } = parseConfig(config, { environment: 'production', file })
    const origins = connections.list().map(({ origin }) => origin)
    expect(origins).toMatchObject([
      {
        kind: 'file',
        file,
        override: {
          environment: 'production',
          properties: ['server', 'auth.password', 'timeouts.dot'],
        },
      },
      { override: { properties: ['limits.sessions', 'auth.password'] } },
      {},
    ])
    connections.remove('relay')
    connections.add('relay', 'smtp://relay')
    expect(connections.list().at(-1)).toMatchObject({ name: 'relay', origin: { kind: 'code' } })
  })

  test('leaves what is below it where it says undefined, such as a variable that is not set', () => {
    const unset = process.env['MAILROOM_TEST_THAT_NOBODY_SETS']
    const { queue, worker, connections } = parseConfig(
      {
        ...config,
        connections: {
          relay: { server: 'relay', redirectAll: 'safe@example.com', limits: { sessions: 2 } },
          cloud: 'smtp://cloud.test?sessions=7',
        },
        environments: {
          test: {
            queue: unset,
            worker: { port: unset },
            connections: {
              relay: { redirectAll: unset, limits: { sessions: unset } },
              cloud: unset,
            },
          },
        },
      },
      { environment: 'test' },
    )
    expect(queue?.reveal()).toBe('redis://localhost')
    expect(worker.port).toBe(9100)
    const [relay, cloud] = connections.list()
    expect(relay).toMatchObject({ redirectAll: 'safe@example.com', limits: { sessions: 2 } })
    expect(cloud).toMatchObject({ server: 'cloud.test', limits: { sessions: 7 } })
  })

  test('is below a variable', () => {
    const { connections } = parseConfig(config, {
      environment: 'production',
      env: { MAILROOM_CONNECTION_RELAY: 'smtp://other.example.com' },
    })
    expect(connections.list()[0]).toMatchObject({
      server: 'other.example.com',
      origin: { kind: 'variable', variable: 'MAILROOM_CONNECTION_RELAY' },
    })
  })

  test.for([
    ['smtp://other.example.com', 'safe@example.com'],
    ['SmtpServer=other.example.com;EnableSsl=True;', 'safe@example.com'],
    ['smtp://other.example.com?redirectAll=mine@example.com', 'mine@example.com'],
  ] as const)('keeps its redirect below the variable %s', ([definition, redirectAll]) => {
    const env = { MAILROOM_CONNECTION_RELAY: definition }
    const relay = { redirectAll: 'safe@example.com' }
    for (const [input, environment] of [
      [{ connections: { relay: { server: 'a', ...relay } } }, undefined],
      [
        {
          connections: { relay: 'smtp://a' },
          environments: { staging: { connections: { relay } } },
        },
        'staging',
      ],
    ] as const) {
      const [shown] = parseConfig(input, { environment, env }).connections.list()
      expect(shown).toMatchObject({ server: 'other.example.com', redirectAll })
    }
  })

  test('may say properties of what only a variable defines', () => {
    const input = {
      environments: {
        staging: { connections: { bulk: { redirectAll: 'safe@example.com' }, other: null } },
        broken: { connections: { bulk: { limits: { a: 1 } } } },
      },
    }
    const env = {
      MAILROOM_CONNECTION_BULK: 'smtp://bulk.example.com',
      MAILROOM_CONNECTION_OTHER: 'smtp://other.example.com',
    }
    expect(problemsOf(() => parseConfig(input, { environment: 'staging', env }))).toMatchObject([
      { path: ['environments', 'broken', 'connections', 'bulk', 'limits', 'a'] },
    ])
    const { staging } = input.environments
    const { connections } = parseConfig(
      { environments: { staging } },
      { environment: 'staging', env },
    )
    expect(connections.list()).toMatchObject([
      {
        name: 'bulk',
        server: 'bulk.example.com',
        redirectAll: 'safe@example.com',
        origin: {
          kind: 'variable',
          variable: 'MAILROOM_CONNECTION_BULK',
          override: { environment: 'staging', properties: ['redirectAll'] },
        },
      },
    ])
    expect(problemsOf(() => parseConfig(input))).toContainEqual(
      expect.objectContaining({ code: 'UNKNOWN_CONNECTION' }),
    )
  })

  test('that is unknown is told together with those that there are', () => {
    expect(() => parseConfig(config, { environment: 'prodution' })).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_ENVIRONMENT',
        known: ['production', 'staging'],
        message:
          'the configuration has no environment "prodution"; did you mean "production"? ' +
          '(known: "production", "staging")',
      }),
    )
    expect(() => parseConfig({}, { environment: 'production' })).toThrow('it has none')
  })

  test('is chosen by MAILROOM_ENV in a program that says nothing else', () => {
    const env = { MAILROOM_ENV: 'nowhere' }
    expect(() => createWorker(config, { env })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ENVIRONMENT' }),
    )
    expect(() => createWorker(config, { env, environment: 'staging' })).not.toThrow()
  })
})

describe('what is wrong in an environment', () => {
  const broken = {
    connections: {
      relay: { server: 'relay', port: 0 },
      bulk: 'smtp://bob:hunter2@bulk?tls=implicit',
    },
    environments: {
      production: { connections: { relay: { port: 25, prot: null }, bulk: { tls: 'none' } } },
      staging: {
        connections: { relai: { server: 'x' }, relay: { port: 25 }, bulk: { limits: { a: 1 } } },
        limits: { queueDepth: 'hunter2' },
        worker: { connections: ['nobody'] },
      },
      odd: 'smtp://bob:hunter2@relay',
    },
  }
  const described = (environment?: string): readonly string[] =>
    problemsOf(() => parseConfig(broken, { environment }))
      .map(({ path, code }) => `${path.join(' / ')}: ${code}`)
      .toSorted()

  const OTHERS = [
    'environments / odd: INVALID_VALUE',
    'environments / staging / connections / bulk / limits / a: UNKNOWN_PROPERTY',
    'environments / staging / connections / relai: UNKNOWN_CONNECTION',
    'environments / staging / limits / queueDepth: INVALID_VALUE',
    'environments / staging / worker / connections / 0: UNKNOWN_CONNECTION',
  ]
  const PRODUCTION = [
    'environments / production / connections / bulk / auth: INSECURE_AUTH',
    'environments / production / connections / relay / prot: UNKNOWN_PROPERTY',
  ]

  test('is told whichever is chosen, at its place and once', () => {
    const all = [...PRODUCTION, ...OTHERS]
    expect(described()).toEqual(['connections / relay / port: INVALID_VALUE', ...all].toSorted())
    expect(described('production')).toEqual(all.toSorted())
    expect(described('staging')).toEqual(all.toSorted())
  })

  test('quotes nothing', () => {
    expect(JSON.stringify(problemsOf(() => parseConfig(broken)))).not.toContain('hunter2')
  })

  test.for([
    [{ environments: [] }, ['environments']],
    [{ environments: { a: { connections: 'x' } } }, ['environments', 'a', 'connections']],
    [{ connections: 1, environments: { a: { connections: {} } } }, ['connections']],
    [{ environments: { a: { environments: {} } } }, ['environments', 'a', 'environments']],
  ] as const)('%j is refused', ([input, path]) => {
    expect(problemsOf(() => parseConfig(input))).toMatchObject([{ path }])
  })
})

test('environments are checked where they are written', () => {
  expectTypeOf<ConnectionName<typeof config>>().toEqualTypeOf<
    'relay' | 'cloud' | 'Mail Server' | 'local'
  >()
  const connections = { relay: { server: 'relay' } }
  const wrong = [
    // @ts-expect-error no connection manager is called "relai"
    defineConfig({ connections, environments: { a: { connections: { relai: 'smtp://x' } } } }),
    // @ts-expect-error there is no property "prot"
    defineConfig({ connections, environments: { a: { connections: { relay: { prot: 1 } } } } }),
    // @ts-expect-error there is no setting "queu"
    defineConfig({ connections, environments: { a: { queu: 'redis://x' } } }),
    // @ts-expect-error a port is a number
    defineConfig({ connections, environments: { a: { worker: { port: '25' } } } }),
  ]
  for (const input of wrong) expect(problemsOf(() => parseConfig(input))).toHaveLength(1)
})
