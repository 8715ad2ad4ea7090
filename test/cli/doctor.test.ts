import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { Redis } from 'ioredis'
import { expect, test } from 'vitest'

import { checkRedis } from '../../src/cli/doctor/check-redis.ts'
import { createCertificate, type Certificate } from '../support/certificate.ts'
import { jsonLines, runCli, type CliResult } from '../support/cli.ts'
import { openProject, PASSWORD, startRelay } from '../support/cli-project.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts'

const DAY_MS = 86_400_000

function certificateFor(days: number): Certificate {
  const notAfter = new Date(Date.now() + (days + 0.5) * DAY_MS)
  return createCertificate({ hosts: ['us'], notAfter })
}

/** A connection manager that shows the certificate of one file with the key of another. */
function showing(cert: string, key: string, more: object = {}): object {
  const tlsOptions = { cert: `\${file:${cert}}`, key: `\${file:${key}}`, ...more }
  return { server: '127.0.0.1', tlsOptions }
}

async function project(config: object): Promise<TemporaryDirectory> {
  const directory = await temporaryDirectory()
  await chmod(directory.path, 0o711)
  await writeFile(path.join(directory.path, 'mailroom.config.json'), JSON.stringify(config))
  return directory
}

/** The checks that were told, as "state check". */
function toldBy({ out }: CliResult): readonly string[] {
  return jsonLines(out).map(({ check, state }) => `${String(state)} ${String(check)}`)
}

describeOwnRedis('doctor on Redis', () => {
  test('where all is well it says so, and its exit code is 0', async () => {
    await using redis = await startRedis()
    await using relay = await startRelay()
    await using healthy = await openProject(redis.url, { relay: relay.port })
    await using worker = healthy.startWorker()
    await expect.poll(() => worker.out).toContain('worker-started')
    const result = await healthy.run(['doctor'])
    expect(result).toMatchObject({ code: 0, err: '0 problems, 1 warning\n' })
    expect(toldBy(result)).toEqual([
      'ok mailroom',
      'ok node',
      'ok embedded binaries',
      'ok configuration',
      'warning configuration',
      'ok secrets',
      'ok store',
      'ok store: version',
      'ok store: keeps mail',
      'ok store: memory',
      'ok store: writes',
      'ok store: clock',
      'ok fleet: workers',
      'ok connection "relay"',
    ])
    expect(await healthy.run(['doctor', '--strict'])).toMatchObject({ code: 7 })
  })

  test('mail that nobody takes, pauses and an unsafe store are told with what to do', async () => {
    await using redis = await startRedis({ args: ['--appendonly', 'no'] })
    await using relay = await startRelay()
    await using ill = await openProject(redis.url, { relay: relay.port, bulk: relay.port })
    await ill.send()
    await ill.run(['connections', 'pause', 'bulk', '--reason', 'quota'])
    await ill.run(['queue', 'pause', 'bulk'])
    const result = await ill.run(['doctor'])
    expect(result.code).toBe(7)
    const bad = jsonLines(result.out).filter(({ state }) => state !== 'ok')
    const told = bad.map(
      ({ state, check, detail }) => `${String(state)} ${String(check)}: ${String(detail)}`,
    )
    expect(told).toEqual([
      expect.stringMatching(/^warning configuration: "relay" sends its password/),
      expect.stringMatching(/^warning configuration: "bulk" sends its password/),
      expect.stringMatching(/^problem store: keeps mail: "appendonly" is "no"/),
      'warning fleet: workers: none',
      'problem fleet: names: "relay": 1 waiting, no worker',
      'warning fleet: pauses: the queue "bulk" is paused',
      expect.stringMatching(/^warning fleet: pauses: "bulk" is paused since .* \(quota\)$/),
    ])
    expect(bad.every(({ advice }) => typeof advice === 'string')).toBe(true)
  })
})

describeOwnRedis('doctor where a connection manager is parked', () => {
  test('it is told with its reason: a login is a problem, a server that is away a warning', async () => {
    await using redis = await startRedis()
    await using relay = await startRelay({ users: { mailroom: 'another' } })
    await using ill = await openProject(redis.url, {
      relay: relay.port,
      away: await freePort(),
    })
    await using worker = ill.startWorker()
    await ill.send()
    await ill.send('--connection', 'away')
    const parked = () =>
      jsonLines(worker.out)
        .filter(({ event }) => event === 'parked')
        .map(({ connection }) => connection)
    await expect.poll(() => new Set(parked()).size).toBe(2)
    const result = await ill.run(['doctor'])
    expect(result.code).toBe(7)
    const found = jsonLines(result.out).filter(({ check }) => check === 'fleet: health')
    const told = new Map(found.map(({ state, detail, advice }) => [state, [detail, advice]]))
    expect(found).toHaveLength(2)
    expect(told.get('problem')).toEqual([
      expect.stringMatching(/^"relay" is parked for .*: .*535/),
      expect.stringMatching(/mailroom connections resume/),
    ])
    expect(told.get('warning')).toEqual([
      expect.stringMatching(/^"away" is parked for .*: .*refused/),
      expect.stringMatching(/by themselves/),
    ])
    expect(result.out).not.toContain(PASSWORD)
  })
})

describeOwnRedis('doctor on a Redis that takes no writes', () => {
  test('finds the problem that send has', async () => {
    await using redis = await startRedis({ args: ['--min-replicas-to-write', '1'] })
    await using ill = await openProject(redis.url, {})
    const result = await ill.run(['doctor'])
    expect(result.code).toBe(7)
    expect(jsonLines(result.out).filter(({ state }) => state === 'problem')).toEqual([
      {
        check: 'store: writes',
        state: 'problem',
        detail: expect.stringMatching(/takes no writes: .*"min-replicas-to-write"/),
      },
    ])
  })

  test('finds that there is hardly any memory left, though it answers', async () => {
    await using redis = await startRedis()
    const client = new Redis(redis.url)
    const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1])
    await client.config('SET', 'maxmemory', used + 100_000)
    client.disconnect()
    await using ill = await openProject(redis.url, {})
    const result = await ill.run(['doctor'])
    expect(result.code).toBe(7)
    expect(toldBy(result)).toContain('problem store: writes')
    expect(result.out).toContain('its memory is full')
  })
})

test('all problems of a configuration are told, and what runs here all the same', async () => {
  await using directory = await project({
    queue: 'redis://127.0.0.1:1',
    connections: { relay: { server: 'a b', port: 70_000 } },
    limts: {},
  })
  const result = await runCli(['doctor'], { cwd: directory.path })
  expect(result).toMatchObject({ code: 7, err: '3 problems, 0 warnings\n' })
  expect(toldBy(result).filter((line) => line.startsWith('ok'))).toHaveLength(3)
  const problems = jsonLines(result.out).filter(({ state }) => state === 'problem')
  expect(new Set(problems.map(({ detail }) => String(detail).split(':')[0]))).toEqual(
    new Set(['connections.relay.port', 'connections.relay.server', 'limts']),
  )
})

test('a secret that cannot be read and a server that is away are told by their names', async () => {
  const auth = { method: 'basic', user: 'app', password: '${env:NOBODY_SET_IT}' }
  await using directory = await project({
    queue: 'redis://mailroom:hunter2@127.0.0.1:1',
    connections: { relay: { server: '127.0.0.1', port: 1, tls: 'starttls', auth } },
  })
  const offline = await runCli(['doctor', '--offline'], { cwd: directory.path })
  expect(offline.code).toBe(7)
  expect(toldBy(offline).at(-1)).toBe('problem secrets')
  expect(offline.out).toContain('NOBODY_SET_IT')

  const env = { NOBODY_SET_IT: 'hunter3' }
  const online = await runCli(['doctor', '--table'], { cwd: directory.path, env })
  expect(online.code).toBe(7)
  expect(online.out).toMatch(/^✔ secrets: all can be read$/m)
  expect(online.out).toMatch(/^✖ store: store "redis:\/\/127\.0\.0\.1:1.*" does not answer/m)
  expect(online.out).toMatch(/^✖ connection "relay": connect: .*\n {4}.*Check `server` and `port`/m)
  expect(online.out + online.err).not.toMatch(/hunter/)
})

test('a client certificate that has expired, soon will, or is not valid yet is told', async () => {
  const certificates = {
    old: certificateFor(-2),
    late: certificateFor(5),
    fresh: certificateFor(25),
    early: createCertificate({ hosts: ['us'], notBefore: new Date(Date.now() + DAY_MS) }),
  }
  const names = Object.keys(certificates)
  await using directory = await project({
    connections: Object.fromEntries(
      names.map((name) => [
        name,
        {
          server: '127.0.0.1',
          tlsOptions: { cert: `\${file:${name}.pem}`, key: `\${file:${name}.key}` },
        },
      ]),
    ),
  })
  for (const [name, { cert, key }] of Object.entries(certificates)) {
    await writeFile(path.join(directory.path, `${name}.pem`), cert)
    await writeFile(path.join(directory.path, `${name}.key`), key)
  }
  const { out, code } = await runCli(['doctor', '--offline', '--table'], { cwd: directory.path })
  expect(out).toMatch(/^✖ secrets: "old": the certificate that we show .* expired on \S+$/m)
  expect(out).toMatch(/^✖ secrets: "early": the certificate .* is not valid before \S+\n +compare/m)
  expect(out).toMatch(/^. secrets: "late": the certificate that we show .* ends in 5 days$/m)
  expect(out).not.toContain('"fresh"')
  expect(code).toBe(7)
})

test('a secret that is there and no use is told by its name, with what to do', async () => {
  const one = certificateFor(99)
  const locked = createCertificate({ hosts: ['us'], passphrase: 'right' })
  await using directory = await project({
    connections: {
      another: showing('one.pem', 'locked.key', { passphrase: 'right' }),
      locked: showing('locked.pem', 'locked.key', { passphrase: 'wrong' }),
      keyless: showing('one.pem', 'one.pem'),
      certless: showing('one.key', 'one.key'),
      authorityless: { server: '127.0.0.1', tlsOptions: { ca: '${file:one.key}' } },
      chained: showing('chain.pem', 'one.key'),
      absent: showing('one.pem', 'nothing.key'),
    },
  })
  for (const [name, { cert, key }] of Object.entries({ one, locked })) {
    await writeFile(path.join(directory.path, `${name}.pem`), cert)
    await writeFile(path.join(directory.path, `${name}.key`), key)
  }
  const cutOff = locked.cert.slice(0, 200)
  await writeFile(path.join(directory.path, 'chain.pem'), `${one.cert}\n${cutOff}\n`)
  const { out, code } = await runCli(['doctor', '--offline'], { cwd: directory.path })
  expect(code).toBe(7)
  const told = jsonLines(out).filter(({ check }) => check === 'secrets')
  expect(told).toMatchObject([
    { problem: 'secrets.key-of-another', advice: expect.stringMatching(/openssl pkey -in KEY/) },
    { problem: 'secrets.key-locked', advice: expect.stringMatching(/tlsOptions\.passphrase/) },
    { problem: 'secrets.no-key', advice: expect.stringMatching(/as PEM text/) },
    { problem: 'secrets.no-certificate', advice: expect.stringMatching(/openssl x509/) },
    { problem: 'secrets.no-authority', advice: expect.stringMatching(/of the authority/) },
    { problem: 'secrets.broken-chain', advice: expect.stringMatching(/was cut off or changed/) },
    { problem: 'secrets.unavailable', advice: expect.stringMatching(/read the file/) },
  ])
})

test('an embedded store is looked at when it is there, and not made', async () => {
  await using directory = await project({
    queue: 'embedded:store',
    connections: { relay: { server: '127.0.0.1', port: 1, tls: 'none', from: 'a@example.com' } },
  })
  const cwd = directory.path
  const before = await runCli(['doctor'], { cwd })
  expect(toldBy(before)).toContain('warning store')
  const mail = ['--to', 'bob@example.org', '--text', 'hi']
  expect(await runCli(['send', ...mail], { cwd })).toMatchObject({ code: 0 })
  const result = await runCli(['doctor'], { cwd })
  expect(toldBy(result)).toEqual(
    expect.arrayContaining([
      'ok store',
      'ok store: version',
      'ok store: tables',
      'ok store: keeps mail',
      'ok store: autovacuum',
      'ok store: connections',
      'problem fleet: names',
    ]),
  )
})

const HEALTHY = {
  redis_version: '7.4.1',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
  maxmemory_policy: 'noeviction',
  used_memory: '100',
  used_memory_human: '100B',
  maxmemory: '0',
}

test.for<[change: Record<string, string | undefined>, bad: readonly string[]]>([
  [{}, []],
  [{ redis_version: '5.0.14' }, ['problem store: version']],
  [{ redis_version: '7.2.4', valkey_version: '8.1.0' }, []],
  [{ aof_enabled: '0' }, ['problem store: keeps mail']],
  [{ aof_enabled: undefined }, ['warning store: keeps mail']],
  [{ maxmemory_policy: 'allkeys-lru' }, ['problem store: keeps mail']],
  [{ aof_last_write_status: 'err' }, ['problem store: disk']],
  [{ aof_delayed_fsync: '3' }, ['warning store: disk']],
  [{ aof_delayed_fsync: '0' }, []],
  [{ maxmemory: '99', maxmemory_human: '99B' }, ['problem store: memory']],
  [{ maxmemory: '110', maxmemory_human: '110B' }, ['warning store: memory']],
  [{ maxmemory: '1000', maxmemory_human: '1000B' }, []],
])('a Redis with %j: %j', ([change, bad]) => {
  const info = Object.entries({ ...HEALTHY, ...change })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${value}`]))
    .join('\r\n')
  const found = checkRedis(`# Server\r\n${info}\r\n`).filter(({ state }) => state !== 'ok')
  expect(found.map(({ state, check }) => `${state} ${check}`)).toEqual(bad)
})
