import { expect, test } from 'vitest'

import { startDelayingProxy } from '../support/delaying-proxy.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startScriptedServer, type Script } from '../support/scripted-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

/** Each way: long enough that the next message is worth being ready for. */
const DELAY_MS = 10
const COUNT = 8
/** So many messages tell how far the server is. */
const LOOKS = 5
const TAKEN = '250 2.0.0 taken'
/** What its first messages are answered, while the way is looked at. */
const FIRST = Array.from({ length: LOOKS }, () => TAKEN)
const OK = '250 2.1.0 ok'
const BYE = '421 4.3.2 shutting down'

/** A room for one session over a long way, with `count` messages that wait before it opens. */
async function openFarRoom(
  place: TestStore,
  server: { readonly port: number },
  stack: AsyncDisposableStack,
): Promise<{ readonly room: Room; readonly ids: readonly string[] }> {
  const proxy = stack.use(await startDelayingProxy(server.port, DELAY_MS))
  const limits = { sessions: 1 }
  const timeouts = { mail: '500ms' }
  const far = { port: proxy.port, limits, timeouts }
  const room = stack.use(await openRoom(place, far, { starts: false }))
  const ids: string[] = []
  for (let at = 0; at < COUNT; at += 1) {
    const { id } = await room.send({ to: `customer-${at}@example.org` })
    ids.push(id)
  }
  return { room, ids }
}

const DELIVERED = { state: 'delivered', attempts: 1 }

describeStores('over a long way', (place) => {
  test('the next message is offered before the one before is answered', async () => {
    let mails = 0
    const next = Promise.withResolvers<string>()
    const script: Script = {
      MAIL: () => {
        mails += 1
        if (mails === LOOKS + 2) next.resolve(TAKEN)
        return '250 2.1.0 sender ok'
      },
      DOT: [...FIRST, { later: next.promise }, TAKEN],
    }
    await using stack = new AsyncDisposableStack()
    const server = stack.use(await startScriptedServer(script))
    const { room, ids } = await openFarRoom(place(), server, stack)
    await room.worker.start()
    for (const id of ids) expect(await room.settled(id)).toMatchObject(DELIVERED)
    expect([server.connections, server.dots]).toEqual([1, COUNT])
  })
})

const newRedis = (queue: string): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

/** Where the server is rude while a second message waits in the session. */
const RUDE: readonly (readonly [what: string, script: Script])[] = [
  ['closes after each message', { DOT: { say: TAKEN, after: 'close' } }],
  ['resets after a message', { DOT: [...FIRST, { say: TAKEN, after: 'reset' }, TAKEN] }],
  ['says 421 to the next MAIL', { MAIL: [...FIRST.map(() => OK), OK, BYE, OK] }],
  ['says no more after a message', { DOT: [...FIRST, { say: TAKEN, after: 'silence' }, TAKEN] }],
  ['says 421 after a message', { DOT: [...FIRST, `${TAKEN}\n${BYE}`, TAKEN] }],
  ['answers once too often', { DOT: [...FIRST, `${TAKEN}\n451 4.3.0 not now`, TAKEN] }],
]

describeRedis('over a long way', (queue) => {
  test.for(RUDE)('a server that %s costs no message an attempt', async ([, script]) => {
    await using stack = new AsyncDisposableStack()
    const server = stack.use(await startScriptedServer(script))
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack)
    await room.worker.start()
    for (const id of ids) expect(await room.settled(id)).toMatchObject(DELIVERED)
    expect(server.dots).toBe(COUNT)
  })

  test('a worker that stops leaves no message that waited in a session', async () => {
    await using stack = new AsyncDisposableStack()
    const answer = Promise.withResolvers<string>()
    const DOT = [...FIRST, { later: answer.promise }, TAKEN] as const
    const server = stack.use(await startScriptedServer({ DOT }))
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack)
    await room.worker.start()
    await expect.poll(() => server.commands.filter((one) => one === 'DATA')).toHaveLength(LOOKS + 2)
    const stopped = room.worker.stop(300, 1_000)
    await expect.poll(() => room.told('handed-back')).toHaveLength(1)
    answer.resolve(TAKEN)
    await stopped

    const records = await Promise.all(ids.map((id) => room.mailroom.get(id)))
    expect(records.map((record) => record?.attempts)).toEqual([1, 1, 1, 1, 1, 1, 0, 0])
    expect(server.dots).toBe(LOOKS + 1)
  })
})
