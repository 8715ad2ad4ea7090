import { Redis } from 'ioredis'
import { expect, test } from 'vitest'

import { openPauses } from '../../src/fleet/pauses.ts'
import type { MailroomConfig } from '../../src/index.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { observeEvents } from '../../src/telemetry/observe-events.ts'
import { openStore } from '../../src/store/open.ts'
import { freePort } from '../support/free-port.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { keysOf } from '../support/redis-keys.ts'
import { startScriptedServer, type Script } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

const at = ({ port }: { readonly port: number }, more: Readonly<Record<string, unknown>> = {}) => ({
  server: '127.0.0.1',
  port,
  tls: 'none',
  ...more,
})

/** A room whose mail goes to a group of `relay` and `backup`, or as `group` says. */
function openGroup(
  store: TestStore,
  relay: Readonly<Record<string, unknown>>,
  backup: Readonly<Record<string, unknown>>,
  group: unknown = 'failover:relay,backup',
  hooks: Parameters<typeof openRoom>[2] = {},
): Promise<Room> {
  const groups = { out: group }
  return openRoom(store, relay, { others: { backup }, groups, names: ['out'], ...hooks })
}

/** With it whoever connects to a server does so for a message. */
const FOR_MAIL_ONLY = { verifyAtStart: false }

/** Sends so many, one after the other, and tells which manager delivered each. */
async function deliver(room: Room, count: number): Promise<readonly string[]> {
  const managers: string[] = []
  for (let sent = 0; sent < count; sent += 1) {
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    const { entries = [] } = (await room.mailroom.history(id)) ?? {}
    managers.push(...entries.flatMap((entry) => ('manager' in entry ? [entry.manager] : [])))
  }
  return managers
}

/** What became of a job in its queue, in order. */
async function queueEventsOf({ queue, prefix }: TestStore, id: string): Promise<readonly string[]> {
  const client = new Redis(queue)
  try {
    const [stream = ''] = await keysOf(client, `${prefix}*:events`)
    const entries = await client.xrange(stream, '-', '+')
    return entries.flatMap(([, [, event = '', ...rest]]) => (rest.includes(id) ? [event] : []))
  } finally {
    client.disconnect()
  }
}

describeServers('a group of connection managers', (place) => {
  test('sends through the next one while the first cannot be reached, and then through the first again', async () => {
    await using backup = await startSmtpServer()
    const port = await freePort()
    await using room = await openGroup(place(), at({ port }), at(backup))
    expect(await deliver(room, 2)).toEqual(['backup', 'backup'])
    expect(room.told('failed-over')).toMatchObject([
      { connection: 'out', from: 'relay', to: 'backup', why: 'manager' },
    ])
    await expect
      .poll(() => room.told('delivered'))
      .toMatchObject([{ attempt: 1, member: 'backup' }, { attempt: 1 }])

    await using relay = await startSmtpServer({ port })
    await expect
      .poll(() => room.told('failed-back'))
      .toMatchObject([{ connection: 'out', from: 'backup', to: 'relay', why: 'usable' }])
    expect(await deliver(room, 1)).toEqual(['relay'])
    expect([relay.mails.length, backup.mails.length]).toEqual([1, 2])
  })

  test('by weights takes turns, without those that cannot be used', async () => {
    await using relay = await startSmtpServer()
    await using backup = await startSmtpServer()
    const group = 'weighted:relay=3,backup=1,gone=4'
    const gone = at({ port: await freePort() })
    const others = { backup: at(backup), gone }
    await using room = await openRoom(place(), at(relay), {
      others,
      groups: { out: group },
      names: ['out'],
    })
    await deliver(room, 1)
    await expect
      .poll(() => room.told('parked'))
      .toMatchObject([{ connection: 'out', manager: 'gone' }])
    const before = [relay.mails.length, backup.mails.length] as const
    await deliver(room, 8)
    expect([relay.mails.length - before[0], backup.mails.length - before[1]]).toEqual([6, 2])
  })
})

describeRedis('a failover group', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test.for<[what: string, script: Script, state: string]>([
    ['is uncertain', { DOT: { after: 'close' } }, 'uncertain'],
    ['has a refused recipient', { RCPT: '550 5.1.1 no such user' }, 'refused'],
    ['is refused after its body', { DOT: '554 5.7.1 no' }, 'refused'],
  ])('never sends a message again elsewhere that %s', async ([, script, state]) => {
    await using relay = await startScriptedServer(script)
    await using backup = await startSmtpServer()
    const group = 'failover:relay,backup'
    await using room = await openGroup(place(), at(relay), at(backup), group, FOR_MAIL_ONLY)
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state })
    expect(backup.connections).toBe(0)
    expect(room.told('failed-over')).toEqual([])
  })

  test('takes the next way with the message that found the first one shut', async () => {
    const first = await startSmtpServer()
    await using backup = await startSmtpServer()
    const store = place()
    await using room = await openGroup(store, at(first), at(backup))
    expect(await deliver(room, 1)).toEqual(['relay'])
    await first[Symbol.asyncDispose]()
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    await expect
      .poll(() => room.told('delivered'))
      .toMatchObject([{ member: 'relay' }, { member: 'backup' }])
    expect(await queueEventsOf(store, id)).toEqual(['added', 'waiting', 'active', 'completed'])
  })

  test('tries a message that is deferred again where it was', async () => {
    await using relay = await startScriptedServer({
      RCPT: ['450 4.2.1 mailbox busy', '250 2.1.5 ok'],
    })
    await using backup = await startSmtpServer()
    const group = 'failover:relay,backup'
    await using room = await openGroup(place(), at(relay), at(backup), group, FOR_MAIL_ONLY)
    expect(await deliver(room, 1)).toEqual(['relay', 'relay'])
    expect(backup.connections).toBe(0)
  })

  test.for<[why: string, relay: Script]>([
    ['throttle', { RCPT: '452 4.7.0 too many messages per hour' }],
    ['account', { GREETING: '220 hello', MAIL: '530 5.7.0 authentication required' }],
    ['manager', { GREETING: '421 4.3.2 shutting down' }],
  ])('leaves a member alone that is to blame: %s', async ([why, script]) => {
    await using relay = await startScriptedServer(script)
    await using backup = await startSmtpServer()
    await using room = await openGroup(place(), at(relay), at(backup))
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(room.told('failed-over')).toMatchObject([{ from: 'relay', to: 'backup', why }])
  })

  test('waits for the first as long as it was told to, and its mail does not age', async () => {
    await using backup = await startSmtpServer()
    const relay = at({ port: await freePort() })
    const others = { backup: at(backup) }
    const groups = { out: { strategy: 'failover', members: ['relay', 'backup'], after: '2s' } }
    const retry = { giveUpAfterMs: 1_000, firstDelayMs: 50, maxDelayMs: 100 }
    const options = { others, groups, retry, names: ['out'] }
    await using room = await openRoom(place(), relay, options)
    const { id } = await room.send()
    await expect.poll(() => room.told('parked')).toHaveLength(1)
    expect(backup.connections).toBe(0)
    expect(await room.worker.readiness()).toMatchObject({ parked: ['out'] })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    const [switched] = room.told('failed-over')
    expect(switched?.unusableMs).toBeGreaterThanOrEqual(2_000)
  })

  test('leaves mail alone while no member can be used: it spends neither age nor attempts', async () => {
    const ports = [await freePort(), await freePort()] as const
    const [relay, backup] = ports.map((port) => at({ port }))
    const retry = { giveUpAfterMs: 3_000, firstDelayMs: 50, maxDelayMs: 100 }
    const options = { others: { backup }, groups: { out: 'failover:relay,backup' }, retry }
    await using room = await openRoom(place(), relay ?? {}, { ...options, names: ['out'] })
    const { id } = await room.send()
    await expect.poll(() => room.told('parked')).toHaveLength(2)
    const { acceptedAt } = (await room.mailroom.get(id)) ?? {}
    await expect
      .poll(() => Date.now() - Number(acceptedAt), { timeout: 8_000 })
      .toBeGreaterThan(5_000)
    expect(await room.mailroom.get(id)).toMatchObject({ state: 'queued', attempts: 0 })
    expect(await room.worker.readiness()).toMatchObject({ parked: ['out'] })
    await using _server = await startSmtpServer({ port: ports[1] })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
  })

  test('uses no paused member, and each follows its own limits', async () => {
    await using relay = await startSmtpServer()
    await using backup = await startSmtpServer()
    const at0 = place()
    const store = await openStore(at0.queue, { patience: 'fail-fast', prefix: at0.prefix })
    await using _store = { [Symbol.asyncDispose]: () => store.close() }
    const pauses = openPauses(store)
    await using room = await openGroup(at0, at(relay), at(backup, { limits: { sessions: 1 } }))
    expect(await deliver(room, 1)).toEqual(['relay'])
    await pauses.pause('relay', 'moves')
    await expect.poll(() => room.told('failed-over')).toMatchObject([{ why: 'paused' }])
    const sent = await Promise.all(Array.from({ length: 20 }, () => room.send()))
    for (const { id } of sent) await room.settled(id)
    expect([relay.mails.length, backup.mails.length, backup.mostOpen]).toEqual([1, 20, 1])
    await pauses.resume('relay')
    await expect.poll(() => room.told('failed-back')).toHaveLength(1)
    expect(await deliver(room, 1)).toEqual(['relay'])
  })

  test('skips members that may not carry the author, and refuses what none may', async () => {
    await using relay = await startSmtpServer()
    await using backup = await startSmtpServer()
    const first = at(relay, { fromDomains: ['example.com'] })
    await using room = await openGroup(place(), first, at(backup, { fromDomains: ['example.net'] }))
    const fates = []
    for (const from of ['a@example.com', 'b@example.net', 'c@example.org']) {
      const { id } = await room.send({ from })
      fates.push(await room.settled(id))
    }
    expect(fates).toMatchObject([
      { state: 'delivered' },
      { state: 'delivered' },
      { state: 'refused' },
    ])
    await expect
      .poll(() => room.told('refused'))
      .toMatchObject([{ rule: 'local.from-not-allowed' }])
    expect([relay.mails.length, backup.mails.length]).toEqual([1, 1])
    expect(room.told('failed-over')).toEqual([])
  })

  test('reads in a raw message itself whose it is, and not in its envelope', async () => {
    await using relay = await startSmtpServer()
    await using backup = await startSmtpServer()
    const first = at(relay, { fromDomains: ['example.com'] })
    const second = at(backup, { fromDomains: ['example.com', 'example.net'] })
    await using room = await openGroup(place(), first, second)
    const fates = []
    for (const from of [
      'From: Ann <ann@EXAMPLE.com>\r\n',
      'FROM: "Ann, with folds"\r\n <ann@example.com>,\r\n\tbob@example.net\r\n',
      'From: ann@example.com, eve@example.org\r\n',
      'From: ann@example.com\r\nFrom: eve@example.org\r\n',
      'From: ann@example.com, <broken\r\n',
      'Sender: ann@example.com\r\n',
    ]) {
      const { id } = await room.mailroom.send({
        connection: 'out',
        raw: `${from}Subject: Hello\r\n\r\nFrom: in@example.com\r\n`,
        envelope: { from: 'bounces@example.com', to: 'ann@example.org' },
      })
      const { state, last } = await room.settled(id)
      fates.push(state === 'refused' ? last?.rule : state)
    }
    const refused = 'local.from-not-allowed'
    expect(fates).toEqual(['delivered', 'delivered', refused, refused, refused, refused])
    expect([relay.mails.length, backup.mails.length]).toEqual([1, 1])
  })

  test('shows no member as parked or paused that has left it', async () => {
    await using backup = await startSmtpServer()
    const store = place()
    const { registry, ...metrics } = createMetrics({ ofProcess: false })
    const observe = observeEvents({ registry, ...metrics })
    await using room = await openGroup(store, at({ port: await freePort() }), at(backup))
    expect(await deliver(room, 1)).toEqual(['backup'])
    const shown = async (): Promise<string> => {
      registry.resetMetrics()
      for (const event of room.events) observe(event)
      return registry.getSingleMetricAsString('mailroom_manager_parked')
    }
    const line = 'mailroom_manager_parked{connection="out",manager="relay"}'
    expect(await shown()).toContain(`${line} 1`)
    const connections = { backup: at(backup) }
    const apart = { ...store, connections, groups: { out: 'failover:backup' } }
    await room.worker.reconfigure(apart as MailroomConfig)
    expect(await shown()).not.toContain(line)
    expect(room.told('manager-left')).toMatchObject([{ connection: 'out', manager: 'relay' }])
    expect(await deliver(room, 1)).toEqual(['backup'])
    await room.worker.reconfigure({ ...store, connections } as MailroomConfig)
    expect(room.told('manager-left')).toHaveLength(2)
  })

  test('follows a configuration with other members while it works', async () => {
    await using relay = await startSmtpServer()
    await using backup = await startSmtpServer()
    await using third = await startSmtpServer()
    const store = place()
    await using room = await openGroup(store, at(relay), at(backup))
    expect(await deliver(room, 1)).toEqual(['relay'])
    const connections = { backup: at(backup), third: at(third) }
    const config = { ...store, connections, groups: { out: 'failover:third,backup' } }
    expect(await room.worker.reconfigure(config as MailroomConfig)).toMatchObject({
      kind: 'applied',
      changed: ['out'],
    })
    expect(await deliver(room, 1)).toEqual(['third'])
    await expect.poll(() => relay.open).toBe(0)
    expect(third.mails).toHaveLength(1)
  })
})
