import { expect, test } from 'vitest'

import { openPauses, type Pauses } from '../../src/fleet/pauses.ts'
import type { MailroomConfig } from '../../src/index.ts'
import { openStore } from '../../src/store/open.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

const DROP = { after: 'reset' } as const
/** Short enough that it is soon known that no answer can come any more. */
const RESENT = { timeouts: { dot: '1s' }, uncertain: 'resend' }
const GROUPS = { out: 'failover:relay,backup' }

const at = ({ port }: { readonly port: number }) => ({
  server: '127.0.0.1',
  port,
  tls: 'none',
  ...RESENT,
})

async function openPausesOf({
  queue,
  prefix,
  schema,
}: TestStore): Promise<Pauses & AsyncDisposable> {
  const store = await openStore(queue, { patience: 'fail-fast', prefix, schema })
  return { ...openPauses(store), [Symbol.asyncDispose]: () => store.close() }
}

function stateOf(room: Room, id: string): Promise<string | undefined> {
  return room.mailroom.get(id).then((record) => record?.state)
}

/** How each of its recipients stands. */
async function statesOf(room: Room, id: string): Promise<readonly string[]> {
  const { recipients = [] } = (await room.mailroom.get(id)) ?? {}
  return recipients.map(({ state }) => state)
}

/** Sends one more message, and gives its state when it is settled. */
async function fateOfNext(room: Room): Promise<string> {
  const { id } = await room.send({ subject: 'Another' })
  return (await room.settled(id)).state
}

describeStores('a message of a group whose answer never came', (place) => {
  test('waits for the member that had it, while others carry the rest', async () => {
    await using relay = await startScriptedServer({ DOT: ['', '250 2.0.0 taken'] })
    await using backup = await startSmtpServer()
    const store = place()
    await using pauses = await openPausesOf(store)
    const options = { others: { backup: at(backup) }, groups: GROUPS, names: ['out'] }
    await using room = await openRoom(store, at(relay), options)
    const { id } = await room.send()
    await expect.poll(() => relay.dots).toBe(1)
    await pauses.pause('relay', 'moves')
    await expect.poll(() => room.told('failed-over')).toHaveLength(1)
    await relay.resetAll()
    await expect.poll(() => room.told('uncertain')).toMatchObject([{ id }])
    await expect.poll(() => room.told('uncertain-settled')).toMatchObject([{ id, way: 'resend' }])
    expect([await fateOfNext(room), await fateOfNext(room)]).toEqual(['delivered', 'delivered'])
    // Now and then it is looked at, and put back.
    await expect.poll(() => room.mailroom.get(id)).toMatchObject({ state: 'deferred', attempts: 1 })

    await pauses.resume('relay')
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 2 })
    expect(relay.dots).toBe(2)
    expect(backup.mails).toHaveLength(2)
    expect(new Set(relay.bodies.match(/^Message-ID: .*$/gim)).size).toBe(1)
  })
})

describeRedis('a message that may have been sent', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('goes through a spare member again that had it, when a person says so', async () => {
    await using relay = await startSmtpServer()
    await using backup = await startScriptedServer({ DOT: [DROP, '250 2.0.0 taken'] })
    const store = place()
    await using pauses = await openPausesOf(store)
    await pauses.pause('relay', 'moves')
    const options = { others: { backup: at(backup) }, groups: GROUPS, names: ['out'] }
    await using room = await openRoom(store, at(relay), options)
    const { id } = await room.send({}, { uncertain: 'hold' })
    expect(await room.settled(id)).toMatchObject({ state: 'uncertain' })
    await pauses.resume('relay')
    await expect.poll(() => room.told('failed-back')).toHaveLength(1)
    await room.mailroom.settleUncertain(id, 'resend')
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(backup.dots).toBe(2)
    expect(relay.mails).toEqual([])
    expect(await fateOfNext(room)).toBe('delivered')
    expect(relay.mails).toHaveLength(1)
  })

  test('is held when the member that had it has left the group', async () => {
    await using relay = await startScriptedServer({ DOT: [DROP] })
    await using backup = await startSmtpServer()
    const store = place()
    const options = { others: { backup: at(backup) }, groups: GROUPS, names: ['out'] }
    await using room = await openRoom(store, at(relay), options)
    const { id } = await room.send({}, { uncertain: 'hold' })
    expect(await room.settled(id)).toMatchObject({ state: 'uncertain' })
    const connections = { backup: at(backup), relay: at(relay) }
    const config = { ...store, connections, groups: { out: 'failover:backup' } }
    await room.worker.reconfigure(config as MailroomConfig)
    expect(await fateOfNext(room)).toBe('delivered')
    await room.mailroom.settleUncertain(id, 'resend')
    await expect
      .poll(() => room.mailroom.get(id))
      .toMatchObject({ state: 'uncertain', last: { rule: 'local.manager-gone' } })
    expect([relay.dots, backup.mails.length]).toEqual([1, 1])
  })

  test('ends for those who were only put off too, when the member that had it has left', async () => {
    await using relay = await startScriptedServer({
      RCPT: (line) => (line.includes('bob') ? '450 4.2.1 mailbox busy' : '250 2.1.5 ok'),
      DOT: [DROP],
    })
    await using backup = await startSmtpServer()
    const store = place()
    const options = { others: { backup: at(backup) }, groups: GROUPS, names: ['out'] }
    await using room = await openRoom(store, at(relay), options)
    const to = ['ann@example.org', 'bob@example.org']
    const { id } = await room.send({ to }, { uncertain: 'hold' })
    await expect.poll(() => statesOf(room, id)).toEqual(['uncertain', 'pending'])
    const connections = { backup: at(backup), relay: at(relay) }
    const config = { ...store, connections, groups: { out: 'failover:backup' } }
    await room.worker.reconfigure(config as MailroomConfig)
    // A message in doubt is left alone for ten minutes else.
    await room.mailroom.reschedule(id, { sendAt: new Date() })
    const { recipients, last } = await room.settled(id)
    expect(recipients.map(({ state }) => state)).toEqual(['uncertain', 'refused'])
    expect(last).toMatchObject({ rule: 'local.manager-gone' })
    expect(backup.mails).toEqual([])
  })

  test.for<[what: string, before: unknown, after: unknown, had: string]>([
    ['was a connection manager and is a group now', undefined, 'failover:backup', 'out'],
    ['was a group and is a connection manager now', 'failover:relay', undefined, 'relay'],
  ])('is held and says why when its name %s', async ([, before, after, had]) => {
    await using relay = await startScriptedServer({ DOT: [DROP] })
    await using backup = await startSmtpServer()
    const store = place()
    /** `out` alone is the first server before, and the second one after. */
    const configOf = (group: unknown, alone: { readonly port: number }) => {
      const managers = { relay: at(relay), backup: at(backup) }
      return group === undefined
        ? { others: { ...managers, out: at(alone) }, groups: {} }
        : { others: managers, groups: { out: group } }
    }
    const first = configOf(before, relay)
    await using room = await openRoom(store, at(relay), { ...first, names: ['out'] })
    const people = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }
    const options = { uncertain: 'hold' } as const
    const { id } = await room.mailroom.send({ connection: 'out', message: people, options })
    expect(await room.settled(id)).toMatchObject({ state: 'uncertain' })
    const { others: connections, groups } = configOf(after, backup)
    await room.worker.reconfigure({ ...store, connections, groups } as MailroomConfig)
    await room.mailroom.settleUncertain(id, 'resend')
    await expect
      .poll(() => room.mailroom.get(id))
      .toMatchObject({ state: 'uncertain', last: { rule: 'local.manager-gone' } })
    const { last } = (await room.mailroom.get(id)) ?? {}
    expect(last?.text).toContain(`through "${had}"`)
    expect([relay.dots, backup.mails.length]).toEqual([1, 0])
    await room.mailroom.settleUncertain(id, 'accept')
    expect(await room.mailroom.get(id)).toMatchObject({ state: 'delivered' })
  })

  test('waits for the member that had it when that breaks down by itself', async () => {
    await using relay = await startScriptedServer({
      DOT: [DROP, '250 2.0.0 taken'],
      GREETING: ['220 hello', '421 4.3.2 shutting down', '421 4.3.2 shutting down', '220 hello'],
    })
    await using backup = await startSmtpServer()
    const options = { others: { backup: at(backup) }, groups: GROUPS, names: ['out'] }
    await using room = await openRoom(place(), at(relay), options)
    const { id } = await room.send()
    await expect.poll(() => stateOf(room, id)).toBe('uncertain')
    expect(await fateOfNext(room)).toBe('delivered')
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 2 })
    expect(room.told('failed-over')).toMatchObject([{ from: 'relay', to: 'backup' }])
    expect(room.told('failed-back')).toHaveLength(1)
    expect(relay.dots).toBe(2)
    expect(backup.mails).toHaveLength(1)
  })
})
