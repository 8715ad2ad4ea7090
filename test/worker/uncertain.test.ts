import { test } from 'vitest'

import type { Announcement } from '../../src/index.ts'
import { startScriptedServer, type Script } from '../support/scripted-server.ts'
import { describeServers } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

/** The server takes the message and drops the connection before it says so. */
const DROP = { after: 'reset' } as const
const TAKEN = '250 2.0.0 taken'
/** Short enough that it is soon known that no answer can come any more. */
const TIMEOUTS = { timeouts: { dot: '1s' } }

function dropping(...answers: readonly (typeof DROP | string)[]): Script {
  return { DOT: answers }
}

describeServers('a message whose answer never came', (place) => {
  test.concurrent(
    'with "resend" is sent once more under its Message-ID, when no answer can come any more',
    async ({ expect }) => {
      await using server = await startScriptedServer(dropping(DROP, TAKEN))
      const relay = { port: server.port, ...TIMEOUTS, uncertain: 'resend' }
      await using room = await openRoom(place(), relay)
      const { id } = await room.send()
      await expect.poll(() => stateOf(room, id)).toBe('uncertain')
      expect((await room.mailroom.get(id))?.planned).toMatchObject({ way: 'resend' })
      await expect.poll(() => stateOf(room, id)).toBe('delivered')
      expect(await room.mailroom.get(id)).toMatchObject({ attempts: 2, last: { code: 250 } })
      expect(new Set(server.bodies.match(/^Message-ID: .*$/gim)).size).toBe(1)
      expect(server.dots).toBe(2)
      await expect
        .poll(() => room.told('uncertain'))
        .toMatchObject([{ id, recipients: 1, attempt: 1 }])
      expect(room.told('uncertain-settled')).toEqual([
        { event: 'uncertain-settled', id, connection: 'relay', way: 'resend', recipients: 1 },
      ])
      expect((await room.mailroom.history(id))?.entries).toMatchObject([
        { kind: 'accepted' },
        { kind: 'attempt', outcomes: [{ state: 'uncertain' }] },
        { kind: 'uncertain-settled', way: 'resend', by: 'policy' },
        { kind: 'attempt', attempt: 2, outcomes: [{ state: 'delivered' }] },
      ])
    },
  )

  test.concurrent('twice is sent no third time, but held', async ({ expect }) => {
    await using server = await startScriptedServer(dropping(DROP))
    const relay = { port: server.port, ...TIMEOUTS, uncertain: 'resend' }
    await using room = await openRoom(place(), relay)
    const { id } = await room.send()
    await expect.poll(() => room.told('uncertain').length).toBe(2)
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ dead: 1, uncertain: 1 })
    expect((await room.mailroom.get(id))?.planned).toBeUndefined()
    expect(server.dots).toBe(2)
  })

  test.concurrent(
    'with "accept" counts as delivered, by a rule that says so',
    async ({ expect }) => {
      await using server = await startScriptedServer(dropping(DROP))
      await using room = await openRoom(place(), { port: server.port, uncertain: 'accept' })
      const heard: Announcement[] = []
      room.mailroom.on('delivered', (outcome) => heard.push(outcome))
      const { id } = await room.send()
      const accepted = { stage: 'dot', rule: 'local.accepted-uncertain' }
      expect(await room.settled(id)).toMatchObject({
        state: 'delivered',
        last: accepted,
        recipients: [{ state: 'delivered', ...accepted }],
      })
      await expect
        .poll(() => room.told('uncertain-settled'))
        .toMatchObject([{ id, way: 'accept', recipients: 1, rule: 'local.accepted-uncertain' }])
      await expect.poll(() => room.told('uncertain')).toHaveLength(1)
      expect(room.told('delivered')).toEqual([])
      await expect.poll(() => heard).toMatchObject([{ id, rule: 'local.accepted-uncertain' }])
      const none = { waiting: 0, active: 0, delayed: 0, dead: 0, uncertain: 0 }
      await expect.poll(() => room.mailroom.status('relay')).toMatchObject(none)
      expect(server.dots).toBe(1)
    },
  )

  test.concurrent('is held for a time, and then goes the way that was said', async ({ expect }) => {
    await using server = await startScriptedServer(dropping(DROP))
    const uncertain = { policy: 'hold', holdFor: '2s', ...JSON.parse('{"then":"accept"}') }
    await using room = await openRoom(place(), { port: server.port, uncertain })
    const { id } = await room.send()
    await expect.poll(() => stateOf(room, id)).toBe('uncertain')
    expect((await room.mailroom.get(id))?.planned).toMatchObject({ way: 'accept' })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ dead: 0, delayed: 0 })
  })

  test.concurrent(
    'is treated as the message says, and not as its connection manager does',
    async ({ expect }) => {
      await using server = await startScriptedServer(dropping(DROP))
      await using room = await openRoom(place(), { port: server.port, uncertain: 'accept' })
      const { id } = await room.send({}, { uncertain: 'hold' })
      expect(await room.settled(id)).toMatchObject({ state: 'uncertain' })
      await expect
        .poll(() => room.mailroom.status('relay'))
        .toMatchObject({ dead: 1, uncertain: 1 })
      expect((await room.mailroom.get(id))?.planned).toBeUndefined()
    },
  )
})

async function stateOf(room: Room, id: string): Promise<string | undefined> {
  return (await room.mailroom.get(id))?.state
}
