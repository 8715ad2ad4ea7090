import { expect, test } from 'vitest'

import { createConnections, createMailroom, createWorker } from '../../src/index.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer, type TestSmtpServer } from '../support/smtp-server.ts'
import type { TestStore } from '../support/stores.ts'
import { FAST, openRoom } from './mail-room.ts'
import { plain, reconfigure } from './reconfigured.ts'

const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }

/** A manager with two sessions that logs in. */
const relayAt = ({ port }: TestSmtpServer, user: string, password: string) =>
  plain(port, {
    limits: { sessions: 2 },
    auth: { method: 'basic' as const, user, password, allowInsecureAuth: true },
  })

describeRedis('a worker whose connection manager changes', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('uses as many sessions as the new limit allows', async () => {
    const slow = Promise.withResolvers<void>()
    await using server = await startSmtpServer({ beforeReply: () => slow.promise })
    const at = place()
    await using room = await openRoom(at, { port: server.port, limits: { sessions: 1 } })
    const sent = await Promise.all(Array.from({ length: 6 }, () => room.send()))
    await expect.poll(() => server.mails.length).toBe(1)
    await reconfigure(room, at, {
      relay: plain(server.port, { limits: { sessions: 3 } }),
    })
    await expect.poll(() => server.mails.length).toBe(3)
    slow.resolve()
    for (const { id } of sent)
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(server.mostOpen).toBe(3)
  })

  test('opens no session of a changed manager beyond the limit that is being used', async () => {
    const replies = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
    let begun = 0
    const beforeReply = async (): Promise<void> => {
      begun += 1
      await replies[begun - 1]?.promise
    }
    const users: Record<string, string> = { app: 'old' }
    await using server = await startSmtpServer({ users, beforeReply })
    await using elsewhere = await startSmtpServer()
    const other = plain(elsewhere.port)
    const at = place()
    await using room = await openRoom(at, relayAt(server, 'app', 'old'), { others: { other } })
    const sent = await Promise.all([room.send(), room.send()])
    await expect.poll(() => begun).toBe(2)
    users['app'] = 'new'
    const relay = relayAt(server, 'app', 'new')
    expect(await reconfigure(room, at, { relay, other })).toMatchObject({ changed: ['relay'] })
    // A whole mail takes longer than to open a session.
    const { id: meanwhile } = await room.mailroom.send({ connection: 'other', message: MESSAGE })
    expect(await room.settled(meanwhile)).toMatchObject({ state: 'delivered' })
    expect(server.mostOpen).toBe(2)
    replies[0].resolve()
    const later = await Promise.all(Array.from({ length: 4 }, () => room.send()))
    for (const { id } of later)
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    replies[1].resolve()
    for (const { id } of sent)
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(server.mostOpen).toBe(2)
  })

  test('waits for a delivery that hangs no longer than that may take', async () => {
    const never = Promise.withResolvers<void>()
    let begun = 0
    const beforeReply = async (): Promise<void> => {
      begun += 1
      if (begun === 1) await never.promise
    }
    await using server = await startSmtpServer({ beforeReply })
    const at = place()
    const manager = { limits: { sessions: 1 }, timeouts: { dot: '1s' } }
    await using room = await openRoom(at, { port: server.port, ...manager })
    const hanging = await room.send()
    await expect.poll(() => begun).toBe(1)
    const slower = plain(server.port, { ...manager, timeouts: { dot: '2s' } })
    expect(await reconfigure(room, at, { relay: slower })).toMatchObject({ changed: ['relay'] })
    expect(await room.settled((await room.send()).id)).toMatchObject({ state: 'delivered' })
    expect(await room.settled(hanging.id)).toMatchObject({ state: 'uncertain' })
    expect(server.mostOpen).toBe(1)
    never.resolve()
  })

  test('stays with a password that was put back while another was still being read', async () => {
    const users: Record<string, string> = {}
    await using server = await startSmtpServer({ users })
    const { connections } = createConnections({ relay: relayAt(server, 'app', 'p') })
    const { connections: others } = createConnections({ relay: relayAt(server, 'other', 'p') })
    const read = Promise.withResolvers<void>()
    let asked = 0
    const slow: typeof connections = {
      ...connections,
      resolve: async (name, options) => {
        asked += 1
        // The refused login looks whether another password holds by now.
        if (asked !== 3) return connections.resolve(name, options)
        await read.promise
        return others.resolve(name, options)
      },
    }
    const at = place()
    await using mailroom = createMailroom({ ...at, connections })
    const circuit = { firstDelayMs: 50, maxDelayMs: 100, authDelayMs: 100 }
    await using worker = createWorker({ ...at, connections: slow }, { ...FAST, circuit })
    await worker.start()
    const { id } = await mailroom.send({ connection: 'relay', message: MESSAGE })
    await expect.poll(() => asked).toBe(3)
    users['app'] = 'p'
    users['other'] = 'p'
    expect(await worker.reconfigure()).toMatchObject({ changed: [] })
    read.resolve()
    expect(await mailroom.untilSettled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails.map(({ user }) => user)).toEqual(['app'])
  })
})
