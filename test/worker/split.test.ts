import { expect, test } from 'vitest'

import { createMailroom, type MessageRecord } from '../../src/index.ts'
import { startMta } from '../support/mta.ts'
import { describeMta, describeRedis, uniquePrefix } from '../support/redis.ts'
import { startScriptedServer, type Script } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts'
import { FAST, openRoom } from './mail-room.ts'

const LIMIT = 100
const EVERYBODY = Array.from({ length: 250 }, (_, at) => `r${at}@example.org`)
const LIMITS = { limits: { recipientsPerTransaction: LIMIT } }
/** The lease of a killed worker is soon free again. */
const HOOKS = { ...FAST, leaseMs: 1_000 }
const TOO_MANY = { code: 452, text: '4.5.3 too many recipients' }

/** Everybody who got a message, as often as they got it. */
function recipientsOf(mails: readonly { readonly to: readonly string[] }[]): readonly string[] {
  return mails.flatMap(({ to }) => to).toSorted()
}

function expectAllDelivered(record: MessageRecord): void {
  expect(record.state).toBe('delivered')
  expect(record.recipients.map(({ address }) => address)).toEqual(EVERYBODY)
  expect(new Set(record.recipients.map(({ state }) => state))).toEqual(new Set(['delivered']))
}

describeMta(
  'a message to 250 people, 100 at most in one transaction, through a real server',
  () => {
    describeRedis('that', (url) => {
      test.for<[answer: string, most: number, code: 452 | 552, sizes: readonly number[]]>([
        ['takes all of them', 0, 452, [50, 100, 100]],
        ['answers 452 after 30', 30, 452, [10, 10, 20, 30, 30, 30, 30, 30, 30, 30]],
        [
          'answers 552 after 30, and 554 to DATA',
          30,
          552,
          [10, 10, 20, 30, 30, 30, 30, 30, 30, 30],
        ],
      ])('%s: each gets it once', async ([, most, code, sizes]) => {
        await using mta = await startMta({ recipients: { most, code } })
        await using room = await openRoom(placeOn(url), { port: mta.port, ...LIMITS })
        const { id } = await room.send({ to: [...EVERYBODY] })
        expectAllDelivered(await room.settled(id))
        await expect
          .poll(async () => recipientsOf(await mta.messages()))
          .toEqual(EVERYBODY.toSorted())
        const arrived = await mta.messages()
        // They are delivered to the mailbox by processes of their own, in any order.
        expect(arrived.map(({ to }) => to.length).toSorted(byNumber)).toEqual(sizes)
        expect(await room.mailroom.get(id)).toMatchObject({ attempts: 1 })
        expect(new Set(arrived.map(({ raw }) => messageIdOf(raw))).size).toBe(1)
      })
    })
  },
)

function messageIdOf(raw: Buffer): string | undefined {
  return /^Message-ID: (.*)$/im.exec(raw.toString())?.[1]
}

describeServers('a message to 250 people, 100 at most in one transaction', (place) => {
  test('is sent in halves to a server that answers 452 to all of them', async () => {
    let asked = 0
    await using server = await startSmtpServer({
      refuseRecipient: () => (++asked <= LIMIT ? TOO_MANY : undefined),
    })
    await using room = await openRoom(place(), { port: server.port, ...LIMITS })
    const { id } = await room.send({ to: [...EVERYBODY] })
    expectAllDelivered(await room.settled(id))
    expect(server.mails.map(({ to }) => to.length)).toEqual([50, 50, 100, 50])
    expect(recipientsOf(server.mails)).toEqual(EVERYBODY.toSorted())
  })

  test('is sent 30 at a time to a server that answers 552 to the others and takes it', async () => {
    let asked = 0
    await using server = await startSmtpServer({
      refuseRecipient: () => (++asked <= 30 ? undefined : { code: 552, text: 'too many' }),
      refuseMessage: () => void (asked = 0),
    })
    await using room = await openRoom(place(), { port: server.port, ...LIMITS })
    const { id } = await room.send({ to: [...EVERYBODY] })
    expectAllDelivered(await room.settled(id))
    expect(server.mails.map(({ to }) => to.length)).toEqual([
      30, 30, 30, 10, 30, 30, 30, 10, 30, 20,
    ])
    expect(recipientsOf(server.mails)).toEqual(EVERYBODY.toSorted())
  })

  test('is put off by a server that answers 452 to all of them every time', async () => {
    let isFull = true
    await using server = await startSmtpServer({
      refuseRecipient: () => (isFull ? TOO_MANY : undefined),
    })
    await using room = await openRoom(place(), { port: server.port, ...LIMITS })
    const { id } = await room.send({ to: [...EVERYBODY] })
    await expect.poll(() => room.told('deferred').length).toBeGreaterThan(0)
    expect(await room.mailroom.get(id)).toMatchObject({ state: 'deferred' })
    isFull = false
    expectAllDelivered(await room.settled(id))
    expect(recipientsOf(server.mails)).toEqual(EVERYBODY.toSorted())
  })
})

type Case = readonly [
  name: string,
  second: string,
  data: readonly string[],
  told: readonly string[],
  asked: number,
]

const DATA_REFUSED = '554 5.5.0 no message for that'

describeServers('a message whose DATA is refused after one of its two recipients was', (place) => {
  test.for<Case>([
    [
      'as one too many goes to each alone',
      '552 5.5.3 too many',
      [DATA_REFUSED, '354 go on'],
      ['delivered', 'delivered'],
      3,
    ],
    [
      'as one too many is refused when it is to each alone too',
      '552 5.5.3 too many',
      [DATA_REFUSED],
      ['refused', 'refused'],
      3,
    ],
    [
      'for a full mailbox is refused to both',
      '552 5.2.2 mailbox full',
      [DATA_REFUSED, '354 go on'],
      ['refused', 'refused'],
      1,
    ],
  ])('%s', async ([, second, data, told, asked]) => {
    await using server = await startScriptedServer({
      RCPT: ['250 2.1.5 ok', second, '250 2.1.5 ok'],
      DATA: data,
    })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send({ to: ['ann@example.org', 'bob@example.org'] })
    const { recipients } = await room.settled(id)
    expect(recipients.map(({ state }) => state)).toEqual(told)
    expect(server.commands.filter((command) => command === 'DATA')).toHaveLength(asked)
  })
})

describeServers('a message whose server ends the session with each transaction', (place) => {
  const bye = '421 4.4.2 closing'
  test.for<[name: string, script: Script]>([
    [
      'that it refuses for one recipient too many',
      { DATA: [{ say: `${DATA_REFUSED}\n${bye}`, after: 'close' }, '354 go on'] },
    ],
    [
      'that it takes without one recipient too many',
      { DOT: [{ say: `250 2.0.0 taken\n${bye}`, after: 'close' }, '250 2.0.0 taken'] },
    ],
  ])('%s is sent to both within one attempt', async ([, script]) => {
    await using server = await startScriptedServer({
      RCPT: ['250 2.1.5 ok', '452 4.5.3 too many', '250 2.1.5 ok'],
      ...script,
    })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send({ to: ['ann@example.org', 'bob@example.org'] })
    expect(await room.settled(id)).toMatchObject({
      state: 'delivered',
      attempts: 1,
      recipients: [{ state: 'delivered' }, { state: 'delivered' }],
    })
    expect(server.dots).toBe(2)
  })

  test('and delivers to one of 15 each time goes on to the last of them within one attempt', async () => {
    const to = Array.from({ length: 15 }, (_, at) => `r${at}@example.org`)
    await using server = await startScriptedServer({
      DOT: { say: `250 2.0.0 taken\n${bye}`, after: 'close' },
    })
    const relay = { port: server.port, limits: { recipientsPerTransaction: 1 } }
    await using room = await openRoom(place(), relay)
    const { id } = await room.send({ to })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(server.dots).toBe(to.length)
  })

  test('and takes one fewer each time is tried again later, not for ever at once', async () => {
    const to = Array.from({ length: 15 }, (_, at) => `r${at}@example.org`)
    await using server = await startScriptedServer({
      RCPT: to.flatMap((_, less) =>
        to.slice(less).map((__, at) => (at === 0 ? '452 4.5.3 too many' : '250 2.1.5 ok')),
      ),
      DATA: { say: `${DATA_REFUSED}\n${bye}`, after: 'close' },
    })
    const retry = { firstDelayMs: 60_000, maxDelayMs: 60_000 }
    await using room = await openRoom(place(), { port: server.port }, { retry })
    await room.send({ to })
    await expect.poll(() => room.told('deferred')).toMatchObject([{ attempt: 1, pending: 15 }])
    expect(server.connections).toBe(11)
  })
})

describeRedis('a message to 250 people, 100 at most in one transaction, by a worker', (url) => {
  test('that is killed between two of them: each gets it once', async () => {
    const killed = Promise.withResolvers<void>()
    const doom: { victim?: WorkerProcess } = {}
    await using server = await startSmtpServer({
      refuseRecipient: (address) => {
        // The second transaction has just begun.
        if (address === EVERYBODY[LIMIT]) doom.victim?.kill().then(killed.resolve, killed.reject)
        return undefined
      },
    })
    const config = configOf(placeOn(url), server.port)
    await using mailroom = createMailroom(config)
    await using first = startWorkerProcess(config, HOOKS)
    doom.victim = first
    const message = { from: 'app@example.com', to: [...EVERYBODY], text: 'Hello' }
    const { id } = await mailroom.send({ connection: 'relay', message })
    await killed.promise
    delete doom.victim
    expect(recipientsOf(server.mails)).toEqual(EVERYBODY.slice(0, LIMIT).toSorted())
    expect(await mailroom.get(id)).toMatchObject({ state: 'active' })

    await using second = startWorkerProcess(config, HOOKS)
    expectAllDelivered(await mailroom.untilSettled(id, { timeoutMs: 30_000 }))
    expect(recipientsOf(server.mails)).toEqual(EVERYBODY.toSorted())
    await second.stop()
  })
})

function configOf(at: TestStore, port: number) {
  const relay = { server: '127.0.0.1', port, tls: 'none' as const, ...LIMITS }
  return { ...at, connections: { relay } }
}

function placeOn(queue: string): TestStore {
  return { queue, prefix: uniquePrefix(), schema: 'mailroom' }
}

function byNumber(one: number, other: number): number {
  return one - other
}
