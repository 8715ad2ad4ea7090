import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { expect, test } from 'vitest'

import {
  createConnections,
  createMailroom,
  createWorker,
  SecretUnavailableError,
  type Connections,
  type WorkerEvent,
} from '../../src/index.ts'
import { openStore } from '../../src/store/open.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { FAST, openRoom } from './mail-room.ts'

import { basic, plain, reconfigure, write } from './reconfigured.ts'

const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }
const NOTHING = { added: [], changed: [], removed: [], delayed: [], atNextStart: [] }

describeServers('a running worker', (place) => {
  test('picks a password up that changes under load, and no message notices', async () => {
    const users: Record<string, string> = { app: 'old' }
    await using server = await startSmtpServer({ users, beforeReply: () => delay(2) })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await write(file, 'old')
    const limits = { sessions: 3, messagesPerSession: 4 }
    await using room = await openRoom(place(), { port: server.port, auth: basic(file), limits })
    const sixty = () => Promise.all(Array.from({ length: 60 }, () => room.send()))
    const before = await sixty()
    await expect.poll(() => server.mails.length).toBeGreaterThan(0)
    await write(file, 'new')
    users['app'] = 'new'
    const after = await sixty()

    for (const { id } of [...before, ...after])
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    await expect
      .poll(() => room.told('config-applied'))
      .toMatchObject([{ ...NOTHING, connections: ['relay'], changed: ['relay'] }])
    expect(server.mails).toHaveLength(120)
    for (const kind of ['parked', 'resumed', 'deferred', 'config-refused'] as const)
      expect(room.told(kind)).toEqual([])
    // Each session may have asked for its successor in the moment of the change.
    expect(server.logins - room.told('session-opened').length).toBeLessThanOrEqual(3)
    expect(server.mostOpen).toBeLessThanOrEqual(limits.sessions)
  })

  test('follows a server that moves, and what has begun ends at the old one', async () => {
    const slow = Promise.withResolvers<void>()
    await using old = await startSmtpServer({ beforeReply: () => slow.promise })
    await using fresh = await startSmtpServer()
    const at = place()
    await using room = await openRoom(at, { port: old.port, limits: { sessions: 2 } })
    const begun = await room.send()
    await expect.poll(() => old.mails.length).toBe(1)
    expect(await reconfigure(room, at, { relay: plain(fresh.port) })).toEqual({
      kind: 'applied',
      added: [],
      changed: ['relay'],
      removed: [],
      delayed: [],
    })
    const later = await Promise.all(Array.from({ length: 10 }, () => room.send()))
    for (const { id } of later)
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(fresh.mails).toHaveLength(10)

    slow.resolve()
    expect(await room.settled(begun.id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(old.mails).toHaveLength(1)
    await expect.poll(() => old.open).toBe(0)
    expect(room.told('parked')).toEqual([])
  })

  test('leaves the mail of a name that is gone, and serves one that is new', async () => {
    const slow = Promise.withResolvers<void>()
    await using server = await startSmtpServer({ beforeReply: () => slow.promise })
    await using other = await startSmtpServer()
    const at = place()
    await using room = await openRoom(
      at,
      { port: server.port, limits: { sessions: 1 } },
      { others: { extra: plain(other.port) } },
    )
    const begun = await room.send()
    await expect.poll(() => server.mails.length).toBe(1)
    const waiting = await room.send()
    const relay = plain(server.port)
    expect(await reconfigure(room, at, { extra: plain(other.port) })).toMatchObject({
      kind: 'applied',
      removed: ['relay'],
    })
    slow.resolve()
    expect(await room.settled(begun.id)).toMatchObject({ state: 'delivered' })
    await expect.poll(() => server.open).toBe(0)
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 1, active: 0 })

    const added = { extra: plain(other.port), relay, third: plain(other.port) }
    expect(await reconfigure(room, at, added)).toMatchObject({ added: ['relay', 'third'] })
    expect(await room.settled(waiting.id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(server.mails).toHaveLength(2)
    expect(room.told('config-applied').at(-1)?.connections).toEqual(['extra', 'relay', 'third'])
  })
})

describeRedis('a running worker with another configuration', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('refuses an invalid one with all its problems, and stays as it is', async () => {
    await using server = await startSmtpServer()
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    const at = place()
    await using room = await openRoom(at, { port: server.port })
    const refused = await reconfigure(room, at, {
      relay: { server: 'a b', port: 99_999, tls: 'none' },
      other: { server: 'a', tsl: 'none' },
    })
    const problems = [
      { path: ['connections', 'relay', 'server'] },
      { path: ['connections', 'relay', 'port'] },
      { path: ['connections', 'other', 'tsl'], code: 'UNKNOWN_PROPERTY' },
    ]
    expect(refused).toMatchObject({ kind: 'refused', problems })
    expect(room.told('config-refused')).toMatchObject([{ problems }])

    const withSecrets = { relay: plain(server.port, { auth: basic(file) }), other: plain(1) }
    expect(await reconfigure(room, at, withSecrets)).toMatchObject({
      kind: 'refused',
      problems: [{ path: ['connections', 'relay'], code: 'SECRET_UNAVAILABLE' }],
    })
    expect(room.told('config-applied')).toEqual([])
    expect(await room.settled((await room.send()).id)).toMatchObject({ state: 'delivered' })

    const repaired = { relay: plain(server.port), other: plain(server.port) }
    expect(await reconfigure(room, at, repaired)).toMatchObject({ added: ['other'], changed: [] })
    await room.settled((await room.send()).id)
    expect(server.connections, 'the session is the same').toBe(1)
  })

  test('parks a changed manager that refuses, and tells each credential once', async () => {
    await using server = await startSmtpServer({ users: { app: 'right' } })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await write(file, 'right')
    await using room = await openRoom(place(), { port: server.port, auth: basic(file) })
    await room.settled((await room.send()).id)
    await write(file, 'wrong')
    await expect.poll(() => room.told('parked').length).toBe(1)
    const { id } = await room.send()
    await write(file, 'wrong too')
    await expect.poll(() => room.told('parked').length).toBe(2)
    expect(server.logins, 'one for each password').toBe(3)
    await write(file, 'right')
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(room.told('resumed')).toHaveLength(1)
  })

  test('replaces no session for what only messages notice', async () => {
    await using server = await startSmtpServer()
    const at = place()
    await using room = await openRoom(at, { port: server.port })
    await room.settled((await room.send()).id)
    const redirectAll = 'staging@example.net'
    const relay = plain(server.port, { redirectAll, description: 'for staging' })
    expect(await reconfigure(room, at, { relay })).toMatchObject({ changed: ['relay'] })
    await room.settled((await room.send()).id)
    expect(server.mails.map(({ to }) => to)).toEqual([['ann@example.org'], [redirectAll]])
    expect(server.connections).toBe(1)
    const described = { relay: { ...relay, description: 'for staging and tests' } }
    expect(await reconfigure(room, at, described)).toMatchObject({ changed: [] })
  })

  test('is stopped in time while a name that is gone still finishes', async () => {
    const never = Promise.withResolvers<void>()
    await using server = await startSmtpServer({ beforeReply: () => never.promise })
    const at = place()
    await using room = await openRoom(at, { port: server.port })
    await room.send()
    await expect.poll(() => server.mails.length).toBe(1)
    expect(await reconfigure(room, at, {})).toMatchObject({ removed: ['relay'] })
    const stopped = room.worker.stop(50, 50).then(() => 'stopped')
    const late = delay(20_000, 'late', { ref: false })
    expect(await Promise.race([stopped, late])).toBe('stopped')
    expect(await reconfigure(room, at, {})).toEqual({ kind: 'ignored' })
    never.resolve()
  })

  test('serves a name that is put back while mail of before is still being delivered', async () => {
    const slow = Promise.withResolvers<void>()
    let replies = 0
    const beforeReply = async (): Promise<void> => {
      replies += 1
      if (replies === 2) await slow.promise
    }
    await using server = await startSmtpServer({ beforeReply })
    const at = place()
    const limits = { sessions: 3 }
    await using room = await openRoom(at, { port: server.port, limits })
    await room.settled((await room.send()).id)
    const begun = await room.send()
    await expect.poll(() => replies).toBe(2)
    expect(await reconfigure(room, at, {})).toMatchObject({ removed: ['relay'] })
    const relay = plain(server.port, { limits })
    expect(await reconfigure(room, at, { relay })).toMatchObject({ added: ['relay'] })
    const later = await Promise.all(Array.from({ length: 6 }, () => room.send()))
    for (const { id } of later)
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(server.mostOpen).toBeLessThanOrEqual(3)
    slow.resolve()
    expect(await room.settled(begun.id)).toMatchObject({ state: 'delivered', attempts: 1 })
  })

  test('serves only the names that it was started for', async () => {
    await using server = await startSmtpServer()
    const at = place()
    const others = { extra: plain(server.port) }
    await using room = await openRoom(at, { port: server.port }, { others, names: ['relay'] })
    const all = { relay: plain(server.port), extra: plain(server.port), new: plain(server.port) }
    expect(await reconfigure(room, at, all)).toMatchObject({ added: [], removed: [] })
    expect(await reconfigure(room, at, others)).toMatchObject({ removed: ['relay'] })
    expect(room.told('config-applied').at(-1)?.connections).toEqual([])
  })

  test('tells which settings count at its next start', async () => {
    await using server = await startSmtpServer()
    const at = place()
    await using room = await openRoom(at, { port: server.port })
    await reconfigure(room, { ...at, prefix: 'another' }, { relay: plain(server.port) })
    expect(room.told('config-applied')).toMatchObject([{ ...NOTHING, atNextStart: ['prefix'] }])
    await room.settled((await room.send()).id)
  })

  test('looks its collection up again when it is told to', async () => {
    await using server = await startSmtpServer()
    const at = place()
    const { connections } = createConnections({ relay: plain(server.port) })
    await using worker = createWorker({ ...at, connections }, FAST)
    connections.add('early', plain(server.port))
    expect(await worker.reconfigure()).toMatchObject({ kind: 'applied' })
    await worker.start()
    connections.remove('early')
    connections.remove('relay')
    connections.add('relay', plain(server.port, { limits: { sessions: 1 } }))
    connections.add('late', plain(server.port))
    expect(await worker.reconfigure()).toEqual({
      kind: 'applied',
      added: ['late'],
      changed: ['relay'],
      removed: ['early'],
      delayed: [],
    })
  })

  test('opens a new name that could not be opened as soon as it can be', async () => {
    await using server = await startSmtpServer()
    const at = place()
    const { connections } = createConnections({ relay: plain(server.port) })
    const failing = withoutSecretOnce(connections, 'late')
    const told: WorkerEvent[] = []
    const emit = (event: WorkerEvent) => void told.push(event)
    await using worker = createWorker({ ...at, connections: failing }, { ...FAST, emit })
    await worker.start()
    connections.add('late', plain(server.port))
    connections.add('prompt', plain(server.port))
    expect(await worker.reconfigure()).toMatchObject({
      kind: 'applied',
      added: ['prompt'],
      delayed: ['late'],
    })
    await expect
      .poll(() => told.filter(({ event }) => event === 'config-applied'))
      .toMatchObject([
        { connections: ['relay', 'prompt'], delayed: ['late'], retryInMs: 1_000 },
        { connections: ['relay', 'prompt', 'late'], added: ['late'], delayed: [] },
      ])
    expect(told).toContainEqual(expect.objectContaining({ code: 'SECRET_UNAVAILABLE' }))
  })
  test('serves all but a name that could not be opened at its start, and that one soon', async () => {
    await using server = await startSmtpServer()
    const at = place()
    const { connections } = createConnections({
      relay: plain(server.port),
      late: plain(server.port, { limits: { sessions: 1 } }),
    })
    const told: WorkerEvent[] = []
    const emit = (event: WorkerEvent) => void told.push(event)
    const failing = withoutSecretOnce(connections, 'late')
    await using worker = createWorker({ ...at, connections: failing }, { ...FAST, emit })
    await worker.start()
    expect(told).toContainEqual(expect.objectContaining({ code: 'SECRET_UNAVAILABLE' }))
    expect(told).toContainEqual(
      expect.objectContaining({ event: 'worker-started', connections: ['relay'] }),
    )
    await using mailroom = createMailroom({ ...at, connections })
    for (const connection of ['relay', 'late'] as const) {
      const { id } = await mailroom.send({ connection, message: MESSAGE })
      expect(await mailroom.untilSettled(id)).toMatchObject({ state: 'delivered' })
    }
    expect(told.filter(({ event }) => event === 'config-applied')).toMatchObject([
      { connections: ['relay', 'late'], added: ['late'], delayed: [] },
    ])
  })

  test('serves a group whose turns the store cannot tell apart', async () => {
    await using server = await startSmtpServer()
    const at = place()
    await using store = await openStore(at.queue, { patience: 'fail-fast', prefix: at.prefix })
    if (store.kind !== 'redis') throw new Error('expected Redis')
    // Nobody can read that as a record.
    await store.client.set(`${at.prefix}-fleet:starts`, 'broken')
    const others = { backup: plain(server.port) }
    const groups = { out: 'weighted:relay=1,backup=1' }
    await using room = await openRoom(at, { port: server.port }, { others, groups })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(room.told('store-error')).toHaveLength(1)
  })
})

/** It can be read when the configuration is judged, and not when `name` is opened for the first time. */
function withoutSecretOnce(connections: Connections, name: string): Connections {
  let reads = 0
  return {
    ...connections,
    resolve: (one, options) => {
      if (one === name) reads += 1
      const error = new SecretUnavailableError('${file:password}', 'cannot be read')
      return one === name && reads === 2 ? Promise.reject(error) : connections.resolve(one, options)
    },
  }
}
