import { expect, test } from 'vitest'

import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import type { TestStore } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'
import { plain, reconfigure } from './reconfigured.ts'

describeRedis('sessions of a manager that changes', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('uses as many sessions as the new limit allows', async () => {
    const slow = Promise.withResolvers<void>()
    await using server = await startSmtpServer({ beforeReply: () => slow.promise })
    const at = place()
    await using room = await openRoom(at, { port: server.port, limits: { sessions: 1 } })
    const sent = await Promise.all(Array.from({ length: 6 }, () => room.send()))
    await expect.poll(() => server.mails.length).toBe(1)
    await reconfigure(room, at, { relay: plain(server.port, { limits: { sessions: 3 } }) })
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
    const at = place()
    const auth = { method: 'basic' as const, user: 'app', allowInsecureAuth: true }
    const limits = { sessions: 2 }
    const relay = (password: string) => plain(server.port, { auth: { ...auth, password }, limits })
    await using room = await openRoom(at, relay('old'))
    const sent = await Promise.all([room.send(), room.send()])
    await expect.poll(() => begun).toBe(2)
    users['app'] = 'new'
    expect(await reconfigure(room, at, { relay: relay('new') })).toMatchObject({
      changed: ['relay'],
    })
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
    const relay = plain(server.port, { ...manager, timeouts: { dot: '2s' } })
    expect(await reconfigure(room, at, { relay })).toMatchObject({ changed: ['relay'] })
    expect(await room.settled((await room.send()).id)).toMatchObject({ state: 'delivered' })
    expect(await room.settled(hanging.id)).toMatchObject({ state: 'uncertain' })
    expect(server.mostOpen).toBe(1)
    never.resolve()
  })
})
