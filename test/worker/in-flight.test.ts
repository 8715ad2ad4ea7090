import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { createInFlight, type InFlight } from '../../src/worker/in-flight.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { openRoom } from './mail-room.ts'

/** A name that always wants as many as it was told, and what it may run. */
function memberOf(inFlight: InFlight, wanted: number) {
  let granted = 0
  const share = inFlight.join(() => {
    granted = share.grant(wanted)
  })
  granted = share.grant(wanted)
  return {
    get granted() {
      return granted
    },
    load: (running: number) => share.load(running),
    leave: () => share.leave(),
  }
}

test('each name gets what it wants as long as there is enough', () => {
  const inFlight = createInFlight(10)
  const [one, other] = [memberOf(inFlight, 5), memberOf(inFlight, 5)]
  expect([one.granted, other.granted]).toEqual([5, 5])
})

test('names that want too much get the same', () => {
  const inFlight = createInFlight(6)
  const members = Array.from({ length: 3 }, () => memberOf(inFlight, 5))
  expect(members.map(({ granted }) => granted)).toEqual([2, 2, 2])
})

test('every name may run one, however many there are', () => {
  const inFlight = createInFlight(2)
  const members = Array.from({ length: 4 }, () => memberOf(inFlight, 5))
  expect(members.map(({ granted }) => granted)).toEqual([1, 1, 1, 1])
})

test('nobody gets what runs elsewhere, before that has ended', async () => {
  const inFlight = createInFlight(4)
  const busy = memberOf(inFlight, 4)
  busy.load(4)
  const late = memberOf(inFlight, 4)
  expect([busy.granted, late.granted]).toEqual([3, 0])
  busy.load(3)
  await expect.poll(() => late.granted).toBe(1)
  late.load(1)
  busy.load(2)
  await expect.poll(() => late.granted).toBe(2)
})

test('who has little to do leaves the rest to others', async () => {
  const inFlight = createInFlight(10)
  const [idle, busy] = [memberOf(inFlight, 8), memberOf(inFlight, 8)]
  busy.load(5)
  await expect.poll(() => busy.granted).toBe(8)
  expect(idle.granted).toBe(2)
})

test('what a name that is gone still runs counts until it ends', async () => {
  const inFlight = createInFlight(4)
  const [gone, other] = [memberOf(inFlight, 4), memberOf(inFlight, 4)]
  gone.load(2)
  gone.leave()
  expect(other.granted).toBe(2)
  gone.load(0)
  await expect.poll(() => other.granted).toBe(4)
})

describeRedis('a worker of many names', (queue) => {
  test('delivers no more at once than it is told, and something of every name', async () => {
    let now = 0
    let most = 0
    const beforeReply = async (): Promise<void> => {
      now += 1
      most = Math.max(most, now)
      await sleep(20)
      now -= 1
    }
    await using server = await startSmtpServer({ beforeReply })
    const relay = { server: '127.0.0.1', tls: 'none', port: server.port }
    const others = { second: relay, third: relay }
    const store = { queue, prefix: uniquePrefix(), schema: 'unused' }
    await using room = await openRoom(store, relay, { others, maxInFlight: 4 })
    const message = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }
    const send = async (each: number): Promise<void> => {
      const mails = ['relay', 'second', 'third'].flatMap((connection) =>
        Array.from({ length: each }, () => ({ connection, message })),
      )
      await room.mailroom.sendMany(mails as Parameters<typeof room.mailroom.sendMany>[0])
    }
    // Whoever logs in last must not be taken for one that is given nothing.
    await send(1)
    await expect.poll(() => room.told('delivered').length).toBe(3)
    await send(40)
    await expect.poll(() => room.told('delivered').length).toBe(123)
    expect(most).toBe(4)
    const early = room.told('delivered').slice(3, 63)
    expect(new Set(early.map(({ connection }) => connection)).size).toBe(3)
  })
})
