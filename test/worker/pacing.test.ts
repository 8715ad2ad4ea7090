import { expect, test } from 'vitest'

import { readBudgets } from '../../src/fleet/budget-standing.ts'
import { openStore } from '../../src/store/open.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers } from '../support/stores.ts'
import { FAST, openRoom } from './mail-room.ts'

describeServers('the pace of a worker', (place) => {
  test('mail beyond the rate waits in its queue, and spends no attempt', async () => {
    await using server = await startSmtpServer()
    const limits = { rate: { messages: 2, per: '1h', burst: 2 } }
    await using room = await openRoom(place(), { port: server.port, limits })
    const sent = await Promise.all(Array.from({ length: 6 }, () => room.send()))
    await expect.poll(() => server.mails.length).toBe(2)
    await expect.poll(() => room.told('delivered')).toHaveLength(2)
    await expect.poll(async () => (await room.mailroom.status('relay')).waiting).toBe(4)
    const records = await Promise.all(sent.map(({ id }) => room.mailroom.get(id)))
    const left = records.filter((record) => record?.state !== 'delivered')
    expect(left.map((record) => [record?.state, record?.attempts])).toEqual(
      Array.from({ length: 4 }, () => ['queued', 0]),
    )
    expect([room.told('parked'), room.told('deferred'), server.mails.length]).toEqual([[], [], 2])
  })

  test('recipients count where a rate is about recipients', async () => {
    await using server = await startSmtpServer()
    const limits = { rate: [{ recipients: 3, per: '1h', burst: 3 }] }
    await using room = await openRoom(place(), { port: server.port, limits })
    const first = await room.send({ to: ['a@example.org', 'b@example.org'] })
    expect(await room.settled(first.id)).toMatchObject({ state: 'delivered' })
    await room.send({ to: ['c@example.org', 'd@example.org'] })
    await room.send({ to: ['e@example.org', 'f@example.org'] })
    await expect.poll(async () => (await room.mailroom.status('relay')).waiting).toBe(2)
    const small = await room.send({ to: 'g@example.org' })
    expect((await room.mailroom.get(small.id))?.state, 'nothing is taken for now').toBe('queued')
    expect(server.mails).toHaveLength(1)
  })

  test('a stop does not wait for a turn, and nothing is lost', async () => {
    await using server = await startSmtpServer()
    const at = place()
    const limits = { rate: { messages: 15, per: '1m' } }
    await using room = await openRoom(at, { port: server.port, limits })
    const sent = await Promise.all([room.send(), room.send()])
    await expect.poll(() => server.mails.length).toBe(1)
    await expect.poll(async () => (await room.mailroom.status('relay')).active).toBe(1)
    await room.worker.stop(0, 1_000)
    await using next = await openRoom(at, { port: server.port })
    for (const { id } of sent) {
      expect(await next.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
  })

  test('a rate that is raised counts at once, and mail that rests goes on', async () => {
    await using server = await startSmtpServer()
    const at = place()
    const limits = { rate: { messages: 1, per: '1h' } }
    await using room = await openRoom(at, { port: server.port, limits })
    await Promise.all([room.send(), room.send()])
    await expect.poll(() => server.mails.length).toBe(1)
    await expect.poll(async () => (await room.mailroom.status('relay')).waiting).toBe(1)
    const raised = { ...limits, rate: { messages: 100, per: '2h', burst: 100 } }
    const relay = { server: '127.0.0.1', tls: 'none', port: server.port, limits: raised } as const
    await room.worker.reconfigure({ ...at, connections: { relay } })
    await expect.poll(() => server.mails.length).toBe(2)
  })

  test('of a rate that is raised worker by worker the lowest counts, until the last one has it', async () => {
    await using server = await startSmtpServer()
    const at = place()
    const limited = (messages: number) => {
      return { port: server.port, limits: { rate: { messages, per: '1h', burst: messages } } }
    }
    await using first = await openRoom(at, limited(1))
    await using second = await openRoom(at, limited(1))
    await Promise.all([first.send(), first.send()])
    await expect.poll(() => server.mails.length).toBe(1)
    const relay = { server: '127.0.0.1', tls: 'none', ...limited(6_000) } as const
    await using store = await openStore(at.queue, {
      ...at,
      patience: 'wait',
      allowUnsafeStore: true,
    })
    const perMinute = async (): Promise<number | undefined> =>
      (await readBudgets(store, await store.nowMs())).get('relay')?.perMinute
    await first.worker.reconfigure({ ...at, connections: { relay } })
    expect(first.told('config-applied')).toHaveLength(1)
    expect([await perMinute(), server.mails.length]).toEqual([0.0167, 1])
    await second.worker.reconfigure({ ...at, connections: { relay } })
    await expect.poll(() => server.mails.length).toBe(2)
    expect(await perMinute()).toBe(100)
  })

  test('a server that asks to slow down is heard: a short pause, and half the rate from then on', async () => {
    await using server = await startSmtpServer({
      refuseRecipient: (address) =>
        address.startsWith('rate')
          ? { code: 452, text: '4.7.0 too many messages per hour' }
          : undefined,
    })
    const circuit = { ...FAST.circuit, throttleDelayMs: 100 }
    const limits = { rate: { messages: 600, per: '1m' } }
    await using room = await openRoom(place(), { port: server.port, limits }, { circuit })
    await room.send({ to: 'rate@example.org' })
    await expect.poll(() => room.told('throttled')).toHaveLength(1)
    expect(room.told('throttled')).toMatchObject([{ manager: 'relay', code: 452, perMinute: 300 }])
    expect(room.told('rate-changed')).toMatchObject([{ manager: 'relay', perMinute: 300 }])
    await expect.poll(() => room.told('resumed')).toHaveLength(1)
    expect(await room.settled((await room.send()).id)).toMatchObject({ state: 'delivered' })
  })

  test('a wish about one recipient slows nobody down', async () => {
    await using server = await startScriptedServer({
      RCPT: ['450 4.2.1 The user is receiving mail too quickly', '250 ok'],
    })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 2 })
    expect([room.told('throttled'), room.told('rate-changed')]).toEqual([[], []])
  })
})
