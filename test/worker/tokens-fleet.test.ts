import { expect, test } from 'vitest'

import { CLIENT_SECRET, MAILBOX, SCOPE, startTokenServer } from '../support/oauth/token-server.ts'
import type { TokenServer } from '../support/oauth/token-server.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { dumpStore } from '../support/store-dump.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts'
import { FAST, openRoom } from './mail-room.ts'

const WORKERS = 8
/** Eight processes start on as few cores as there are, and others are at work on them. */
const PATIENTLY = { timeout: 150_000, interval: 100 }
const LOGIN = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true }

/** Each message needs a login of its own. */
function relayAt(port: number, auth: Readonly<Record<string, unknown>>) {
  const limits = { sessions: 2 * WORKERS, messagesPerSession: 1 }
  return { server: '127.0.0.1', port, tls: 'none', auth: { ...LOGIN, ...auth }, limits }
}

function bySecret({ tokenUrl }: TokenServer, clientSecret = CLIENT_SECRET) {
  return { grant: 'client-credentials', clientId: 'app', clientSecret, scope: SCOPE, tokenUrl }
}

interface Team extends AsyncDisposable {
  readonly workers: readonly WorkerProcess[]
  /** Every worker delivers one more. */
  sendToAll(): Promise<void>
}

/** Workers in processes of their own, each with a name of its own that leads to the relay. */
async function openTeam(
  place: TestStore,
  relay: ReturnType<typeof relayAt>,
  count: number,
): Promise<Team> {
  await using opened = new AsyncDisposableStack()
  const names = Array.from({ length: count }, (_, at) => `way ${at}`)
  const groups = Object.fromEntries(names.map((name) => [name, 'failover:relay']))
  const room = opened.use(await openRoom(place, relay, { starts: false, groups }))
  const config = { ...place, connections: { relay }, groups } as never
  const workers = names.map((name) =>
    opened.use(startWorkerProcess(config, { ...FAST, names: [name], allowUnsafeStore: true })),
  )
  await expect
    .poll(() => workers.filter((worker) => told(worker, 'worker-started') === 0), PATIENTLY)
    .toEqual([])
  const sendToAll = async (): Promise<void> => {
    const message = { from: 'app@example.com', to: 'ann@example.org', text: 'It works.' }
    const send = (connection: string) => room.mailroom.send({ connection, message })
    for (const { id } of await Promise.all(names.map(send))) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    }
  }
  const held = opened.move()
  return { workers, sendToAll, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

function told(worker: WorkerProcess, kind: string): number {
  return worker.events.filter(({ event }) => event === kind).length
}

function toldByAll({ workers }: Team, kind: string): number {
  return workers.reduce((sum, worker) => sum + told(worker, kind), 0)
}

describeServers('the tokens of a fleet', (place) => {
  test('eight workers ask for one token at the start, and for one when it is revoked', async () => {
    await using tokens = await startTokenServer()
    await using server = await startSmtpServer({ checkToken: tokens.isGood })
    const at = place()
    await using team = await openTeam(at, relayAt(server.port, bySecret(tokens)), WORKERS)
    await team.sendToAll()
    expect(tokens.requests).toHaveLength(1)
    expect(toldByAll(team, 'token-renewed')).toBe(1)
    await tokens.revokeAll()
    await team.sendToAll()
    expect(tokens.requests).toHaveLength(2)
    expect(toldByAll(team, 'token-renewed')).toBe(2)
    expect(toldByAll(team, 'parked')).toBe(0)

    const all = await dumpStore(at)
    expect(all).toContain('access:')
    expect(tokens.given).toHaveLength(2)
    for (const secret of [...tokens.given, CLIENT_SECRET]) expect(all).not.toContain(secret)
  }, 300_000)

  test('a token is renewed by one worker when it is due, and no refresh token is used twice', async () => {
    await using tokens = await startTokenServer()
    tokens.lifeS = 2
    const askedAt: number[] = []
    let asking = 0
    let most = 0
    tokens.beforeAnswer = async () => {
      askedAt.push(performance.now())
      asking += 1
      most = Math.max(most, asking)
      await new Promise(setImmediate)
      asking -= 1
    }
    await using server = await startSmtpServer({ checkToken: tokens.isGood })
    const refreshToken = await tokens.allow()
    const own = { clientId: 'of-owner', clientSecret: CLIENT_SECRET, refreshToken }
    const auth = { grant: 'refresh-token', ...own, tokenUrl: tokens.tokenUrl }
    const at = place()
    await using team = await openTeam(at, relayAt(server.port, auth), 3)
    while (tokens.requests.length < 4) await team.sendToAll()
    const used = tokens.requests.map((request) => request.refreshToken)
    expect(used[0]).toBe(refreshToken)
    expect(new Set(used).size).toBe(used.length)
    expect(most).toBe(1)
    const waits = askedAt.slice(1).map((asked, index) => asked - (askedAt[index] ?? 0))
    expect(Math.min(...waits), 'none before it is due').toBeGreaterThanOrEqual(1_000)
    expect(toldByAll(team, 'parked')).toBe(0)
    const all = await dumpStore(at)
    for (const secret of [...tokens.given, refreshToken]) expect(all).not.toContain(secret)
  }, 300_000)
})

describeRedis('the tokens of a few workers', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('a worker that is killed while it asks is succeeded', async () => {
    await using tokens = await startTokenServer()
    const never = new Promise<void>(() => {})
    tokens.beforeAnswer = () => (tokens.requests.length === 1 ? never : Promise.resolve())
    await using server = await startSmtpServer({ checkToken: tokens.isGood })
    const at = place()
    const relay = relayAt(server.port, bySecret(tokens))
    await using room = await openRoom(at, relay, { starts: false })
    const config = { ...at, connections: { relay } } as never
    const hooks = { ...FAST, leaseMs: 1_000 }
    await using asking = startWorkerProcess(config, hooks)
    const { id } = await room.send()
    await expect.poll(() => tokens.requests.length, PATIENTLY).toBe(1)
    await using _next = startWorkerProcess(config, hooks)
    await asking.kill()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(tokens.requests).toHaveLength(2)
  }, 150_000)

  test('a secret that is refused parks the manager for all with one request', async () => {
    await using tokens = await startTokenServer()
    await using server = await startSmtpServer({ checkToken: tokens.isGood })
    const at = place()
    const relay = relayAt(server.port, bySecret(tokens, 'not-the-secret-4711'))
    await using room = await openRoom(at, relay, { starts: false })
    const config = { ...at, connections: { relay } } as never
    await using opened = new AsyncDisposableStack()
    const workers = Array.from({ length: 3 }, () => opened.use(startWorkerProcess(config, FAST)))
    await Promise.all(workers.map(() => room.send()))
    await expect
      .poll(() => workers.filter((worker) => told(worker, 'parked') === 0), PATIENTLY)
      .toEqual([])
    expect(tokens.requests).toHaveLength(1)
    expect(workers.reduce((sum, worker) => sum + told(worker, 'token-refused'), 0)).toBe(1)
  }, 150_000)
})
