import { expect, test } from 'vitest'

import type { SendMail } from '../../src/index.ts'
import { startScriptedServer, type ScriptedServer } from '../support/scripted-server.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

const POOR = '250-scripted\n250-PIPELINING\n250 SIZE 5000'
const RICH = '250-scripted\n250-PIPELINING\n250-SMTPUTF8\n250-8BITMIME\n250 DSN'

const at = ({ port }: { readonly port: number }) => ({ server: '127.0.0.1', port, tls: 'none' })

/** A room whose mail goes to a group of both, `relay` before `backup`, or by turns. */
function openPair(
  store: TestStore,
  relay: { readonly port: number },
  backup: { readonly port: number },
  group = 'failover:relay,backup',
  hooks: Parameters<typeof openRoom>[2] = {},
): Promise<Room> {
  const others = { backup: at(backup) }
  const groups = { out: group }
  return openRoom(store, { port: relay.port }, { others, groups, names: ['out'], ...hooks })
}

/** How many messages each of them took. */
function dotsOf(...servers: readonly ScriptedServer[]): readonly number[] {
  return servers.map(({ dots }) => dots)
}

const NEEDS: readonly [what: string, message: object, options: SendMail['options']][] = [
  ['SMTPUTF8', { bcc: 'боб@example.org' }, {}],
  ['SMTPUTF8 for a header', { replyTo: 'боб@example.org' }, {}],
  ['a larger SIZE', { attachments: [{ filename: 'a', content: 'x'.repeat(6_000) }] }, {}],
  ['DSN, which it must have', {}, { dsn: { notify: ['failure'], required: true } }],
]

describeServers('a group whose first member lacks what a message needs', (place) => {
  test.for(NEEDS)(
    'sends what needs %s through the next one, and all else through the first',
    async (row) => {
      const [, message, options] = row
      await using relay = await startScriptedServer({ EHLO: POOR })
      await using backup = await startScriptedServer({ EHLO: RICH })
      await using room = await openPair(place(), relay, backup)
      for (const count of [1, 2]) {
        const { id } = await room.send(message, options)
        expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
        const usual = await room.send()
        await room.settled(usual.id)
        expect(dotsOf(relay, backup)).toEqual([count, count])
      }
      expect(room.told('failed-over')).toEqual([])
    },
  )
})

describeRedis('a group', (url) => {
  const placeOn = (): TestStore => ({ queue: url, prefix: uniquePrefix(), schema: 'mailroom' })
  const wish = { dsn: { notify: 'never', required: true } } as const

  test.for(['failover:relay,backup', 'weighted:relay=1,backup=1'])(
    'of which no member offers what a message needs refuses it, with what the server lacks: %s',
    async (group) => {
      await using relay = await startScriptedServer({ EHLO: POOR })
      await using backup = await startScriptedServer({ EHLO: POOR })
      await using room = await openPair(placeOn(), relay, backup, group)
      const { id } = await room.send({}, wish)
      expect(await room.settled(id)).toMatchObject({
        state: 'refused',
        attempts: 1,
        last: { rule: 'stage.mail.unsupported.dsn' },
      })
      expect(dotsOf(relay, backup)).toEqual([0, 0])
    },
  )

  test('has a message wait for the only member that may offer what it needs', async () => {
    await using relay = await startScriptedServer({ EHLO: POOR })
    let isUp = false
    await using backup = await startScriptedServer({
      EHLO: RICH,
      GREETING: () => (isUp ? '220 here' : { say: '421 4.3.2 not yet', after: 'close' }),
    })
    await using room = await openPair(placeOn(), relay, backup)
    const { id } = await room.send({}, wish)
    const usual = await room.send()
    expect(await room.settled(usual.id)).toMatchObject({ state: 'delivered' })
    expect(await room.mailroom.get(id)).toMatchObject({ state: 'queued' })
    isUp = true
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(dotsOf(relay, backup)).toEqual([1, 1])
  })

  test('neither ages nor tries a message while the only member for it cannot be used', async () => {
    await using relay = await startScriptedServer({ EHLO: POOR })
    let isUp = false
    await using backup = await startScriptedServer({
      EHLO: RICH,
      GREETING: () => (isUp ? '220 here' : { say: '421 4.3.2 not yet', after: 'close' }),
    })
    const giveUpAfterMs = 2_500
    const retry = { giveUpAfterMs, firstDelayMs: 50, maxDelayMs: 100 }
    await using room = await openPair(placeOn(), relay, backup, 'failover:relay,backup', { retry })
    const { id } = await room.send({}, wish)
    const { acceptedAt } = (await room.mailroom.get(id)) ?? {}
    const isOld = (): boolean => Date.now() - Number(acceptedAt) > giveUpAfterMs
    await expect.poll(isOld, { timeout: 5_000 }).toBe(true)
    isUp = true
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(dotsOf(relay, backup)).toEqual([0, 1])
  })

  test('has a message take the next member for it that can be used', async () => {
    await using relay = await startScriptedServer({ EHLO: POOR })
    await using away = await startScriptedServer({ GREETING: { say: '421 no', after: 'close' } })
    await using backup = await startScriptedServer({ EHLO: RICH })
    const others = { away: at(away), backup: at(backup) }
    const hooks = { others, groups: { out: 'failover:relay,away,backup' } }
    await using room = await openRoom(placeOn(), { port: relay.port }, { ...hooks, names: ['out'] })
    await expect.poll(() => room.told('parked')).toMatchObject([{ manager: 'away' }])
    const { id } = await room.send({}, wish)
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(dotsOf(relay, backup)).toEqual([0, 1])
  })
  test('has a message take whichever of the members for it can be used first', async () => {
    await using relay = await startScriptedServer({ EHLO: POOR })
    await using away = await startScriptedServer({ GREETING: { say: '421 no', after: 'close' } })
    let isUp = false
    await using backup = await startScriptedServer({
      EHLO: RICH,
      GREETING: () => (isUp ? '220 here' : { say: '421 4.3.2 not yet', after: 'close' }),
    })
    const others = { away: at(away), backup: at(backup) }
    const hooks = { others, groups: { out: 'failover:relay,away,backup' }, names: ['out'] }
    await using room = await openRoom(placeOn(), { port: relay.port }, hooks)
    await expect.poll(() => room.told('parked')).toHaveLength(2)
    const { id } = await room.send({}, wish)
    const usual = await room.send()
    await room.settled(usual.id)
    isUp = true
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(dotsOf(relay, backup)).toEqual([1, 1])
  })
})
