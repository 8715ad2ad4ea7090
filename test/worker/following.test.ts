import { setTimeout } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { startDelayingProxy } from '../support/delaying-proxy.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startScriptedServer, type Script } from '../support/scripted-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

/** Each way: the server is far. */
const DELAY_MS = 15
const COUNT = 8
/** Of the messages, the one that is followed for sure; those before show how far the server is. */
const FOLLOWED = 6
/** How long a server takes for a message now and then. */
const MOMENT_MS = 40
const TAKEN = '250 2.0.0 taken'
const OK = '250 2.1.0 ok'
const GO_ON = '354 go on'
const DELIVERED = { state: 'delivered', attempts: 1 }

type Answer = string | { readonly say?: string; readonly after: 'close' | 'reset' | 'silence' }

/** As many as were said before `rude` comes, and after it. */
function once(usual: string, rude: Answer): readonly Answer[] {
  return [...Array.from({ length: FOLLOWED }, () => usual), rude, usual]
}

/** Answers the dot of the followed message with `answer` when the next message has come behind it. */
function followedScript(script: Script, answer: Answer = TAKEN): Script {
  const next = Promise.withResolvers<Answer>()
  let dots = 0
  let mails = 0
  const { MAIL: rude = [] } = script
  const later: Script = {
    MAIL: () => {
      mails += 1
      if (mails === FOLLOWED + 1) next.resolve(answer)
      return (Array.isArray(rude) ? (rude[mails - 1] as Answer | undefined) : undefined) ?? OK
    },
    DOT: () => {
      dots += 1
      return dots === FOLLOWED ? { later: next.promise } : TAKEN
    },
  }
  return { ...script, ...later }
}

/**
 * Knows whether something came over a connection before the final dot there was answered: each answer
 * waits for that, the longer until it has happened once. A dot that is followed gets `answer`.
 */
function watchedWay(answer: Answer = TAKEN) {
  const open = new Map<number, (answer: Answer) => void>()
  let momentMs = MOMENT_MS * 10
  return {
    isAhead: (connection: number): boolean => {
      const tell = open.get(connection)
      if (tell === undefined) return false
      // A moment later: what the other sessions have begun meanwhile is on its way then.
      void setTimeout(momentMs).then(() => tell(answer))
      momentMs = MOMENT_MS
      return open.delete(connection)
    },
    answerDot: (_: string, connection: number) => {
      const { promise, resolve } = Promise.withResolvers<Answer>()
      open.set(connection, resolve)
      void setTimeout(momentMs, TAKEN).then((plainly) => {
        if (open.get(connection) === resolve && open.delete(connection)) resolve(plainly)
        return plainly
      })
      return { later: promise }
    },
  }
}

interface Far {
  readonly room: Room
  readonly ids: readonly string[]
}

/** A room for one session over a long way, with messages that wait before it opens. */
async function openFarRoom(
  place: TestStore,
  server: { readonly port: number },
  stack: AsyncDisposableStack,
  { limits = {}, timeouts = {}, count = COUNT, copiedFrom = Infinity } = {},
): Promise<Far> {
  const proxy = stack.use(await startDelayingProxy(server.port, DELAY_MS))
  const relay = { port: proxy.port, limits: { sessions: 1, ...limits }, timeouts }
  const room = stack.use(await openRoom(place, relay, { starts: false }))
  const ids: string[] = []
  for (let at = 1; at <= count; at += 1) {
    const to = at >= copiedFrom ? [recipientOf(at), 'copy@example.org'] : [recipientOf(at)]
    const { id } = await room.send({ to, subject: `Order ${at}.` })
    ids.push(id)
  }
  return { room, ids }
}

function recipientOf(at: number): string {
  return `customer-${at}@example.org`
}

/** How often the body of each message came to the server, with its final dot or without. */
function arrivals(bodies: string): readonly number[] {
  return Array.from({ length: COUNT }, (_, at) => bodies.split(`Order ${at + 1}.`).length - 1)
}

const ONE_EACH = Array.from({ length: COUNT }, () => 1)

describeStores('over a long way', (place) => {
  test('the next message is offered before the one before is answered', async () => {
    await using stack = new AsyncDisposableStack()
    const server = stack.use(await startScriptedServer(followedScript({})))
    const { room, ids } = await openFarRoom(place(), server, stack)
    await room.worker.start()
    for (const id of ids) expect(await room.settled(id)).toMatchObject(DELIVERED)
    expect([server.connections, server.dots]).toEqual([1, COUNT])
    expect(room.told('session-opened')).toHaveLength(1)
  })
})

const newRedis = (queue: string): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

describeRedis('over a long way, when a message follows another one', (queue) => {
  test.for<[what: string, answer: Answer, state: string, attempts: number]>([
    ['is refused', '554 5.7.1 spam', 'refused', 1],
    ['is put off', '451 4.3.0 later', 'delivered', 2],
    ['gets 421', '421 4.3.2 bye', 'delivered', 2],
    ['gets nothing but the end', { after: 'close' }, 'uncertain', 1],
    ['gets garbage', 'What?', 'uncertain', 1],
    ['gets the end with its 250', { say: TAKEN, after: 'close' }, 'delivered', 1],
    ['gets a second 250', `${TAKEN}\n${TAKEN}`, 'delivered', 1],
    ['gets a 354 beside its 250', `${TAKEN}\n${GO_ON}`, 'delivered', 1],
  ])('a first one that %s is judged alone', async ([, answer, state, attempts]) => {
    await using stack = new AsyncDisposableStack()
    const server = stack.use(await startScriptedServer(followedScript({}, answer)))
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack)
    await room.worker.start()
    const rest = ids.filter((_, at) => at !== FOLLOWED - 1)
    for (const id of rest) expect(await room.settled(id)).toMatchObject(DELIVERED)
    const first = ids[FOLLOWED - 1] ?? ''
    await expect.poll(() => room.mailroom.get(first)).toMatchObject({ state, attempts })
    expect(arrivals(server.bodies)).toEqual(ONE_EACH.with(FOLLOWED - 1, attempts))
  })

  test.for<[what: string, script: Script]>(
    (
      [
        ['MAIL', { after: 'reset' }],
        ['MAIL', { after: 'silence' }],
        ['MAIL', '421 4.3.2 bye'],
        ['MAIL', '550 5.7.1 no'],
        ['RCPT', { after: 'close' }],
        ['RCPT', '550 5.7.1 no'],
        ['DATA', { after: 'close' }],
        ['DATA', '421 4.3.2 bye'],
        ['DATA', '550 5.7.1 no'],
        ['DATA', 'What?'],
      ] as const
    ).map(([cue, rude]) => [
      `${cue} gets ${JSON.stringify(rude)}`,
      cue === 'RCPT' && rude === '550 5.7.1 no'
        ? { RCPT: once(OK, rude), DATA: once(GO_ON, '554 5.5.1 nobody') }
        : { [cue]: once(cue === 'DATA' ? GO_ON : OK, rude) },
    ]),
  )('none is lost, none comes twice and none is uncertain where its %s', async ([what, script]) => {
    await using stack = new AsyncDisposableStack()
    const server = stack.use(await startScriptedServer(followedScript(script)))
    const timeouts = what.includes('silence') ? { mail: '2s', rcpt: '2s', data: '2s' } : {}
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack, { timeouts })
    await room.worker.start()
    for (const id of ids) expect(await room.settled(id)).toMatchObject(DELIVERED)
    expect(arrivals(server.bodies)).toEqual(ONE_EACH)
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  test('as many messages go over a session as it may carry', async () => {
    await using stack = new AsyncDisposableStack()
    const server = stack.use(await startScriptedServer())
    const limits = { messagesPerSession: 3 }
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack, { limits })
    await room.worker.start()
    for (const id of ids) expect(await room.settled(id)).toMatchObject(DELIVERED)
    expect(server.connections).toBe(Math.ceil(COUNT / limits.messagesPerSession))
  })

  test('no logins come of it at a server that takes fewer sessions than are allowed', async () => {
    await using stack = new AsyncDisposableStack()
    const GREETING = ['220 scripted ESMTP', { say: '421 4.7.0 too many', after: 'close' }] as const
    const server = stack.use(await startScriptedServer({ ...followedScript({}), GREETING }))
    const limits = { sessions: 4 }
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack, { limits })
    await room.worker.start()
    for (const id of ids) expect(await room.settled(id)).toMatchObject(DELIVERED)
    // The one that carries all, and those that were tried at once before the first was refused.
    expect(server.connections).toBeLessThanOrEqual(limits.sessions)
  })

  test('one message is enough to show that a server does not hear what follows', async () => {
    await using stack = new AsyncDisposableStack()
    const way = watchedWay()
    const MAIL = (_: string, connection: number): Answer =>
      way.isAhead(connection) ? { after: 'silence' } : OK
    const server = stack.use(await startScriptedServer({ MAIL, DOT: way.answerDot }))
    const options = { timeouts: { mail: '2s' }, count: 16 }
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack, options)
    await room.worker.start()
    for (const id of ids) expect(await room.settled(id)).toMatchObject(DELIVERED)
    expect([server.connections, server.dots]).toEqual([2, ids.length])
  })

  test('a way that breaks by what follows costs one message its certainty', async () => {
    await using stack = new AsyncDisposableStack()
    const way = watchedWay({ after: 'reset' })
    const MAIL = (_: string, connection: number): string => {
      way.isAhead(connection)
      return OK
    }
    const server = stack.use(await startScriptedServer({ MAIL, DOT: way.answerDot }))
    const options = { limits: { sessions: 4 }, count: 32 }
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack, options)
    await room.worker.start()
    const states = async (): Promise<readonly unknown[]> => {
      const records = await Promise.all(ids.map((id) => room.mailroom.get(id)))
      return records.map((record) => record?.state).filter((state) => state !== 'delivered')
    }
    await expect.poll(states, { timeout: 30_000 }).toEqual(['uncertain'])
    expect(server.dots).toBe(ids.length)
  })

  test('a message that is followed when it is to be divided is divided the next time', async () => {
    await using stack = new AsyncDisposableStack()
    const wanted = new Map<number, number>()
    const RCPT = (_: string, connection: number): string => {
      wanted.set(connection, (wanted.get(connection) ?? 0) + 1)
      return OK
    }
    const DOT = (_: string, connection: number) => {
      const isForTwo = wanted.get(connection) === 2
      wanted.delete(connection)
      return isForTwo
        ? { later: setTimeout(MOMENT_MS * 2, '452 4.5.3 too many recipients') }
        : TAKEN
    }
    const server = stack.use(await startScriptedServer({ RCPT, DOT }))
    const options = { count: 11, copiedFrom: FOLLOWED }
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack, options)
    await room.worker.start()
    for (const id of ids) {
      const { state, attempts } = await room.settled(id)
      expect(state).toBe('delivered')
      expect(attempts).toBeLessThanOrEqual(2)
    }
  })

  test('a worker that stops waits for the first one and for the one that follows', async () => {
    await using stack = new AsyncDisposableStack()
    const answer = Promise.withResolvers<string>()
    const DOT = [
      ...Array.from({ length: FOLLOWED - 1 }, () => TAKEN),
      { later: answer.promise },
      TAKEN,
    ]
    const server = stack.use(await startScriptedServer({ DOT }))
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack)
    await room.worker.start()
    const offered = (): number => server.commands.filter((one) => one === 'DATA').length
    await expect.poll(offered).toBe(FOLLOWED + 1)
    const stopped = room.worker.stop(20_000, 1_000)
    answer.resolve(TAKEN)
    await stopped
    const records = await Promise.all(ids.map((id) => room.mailroom.get(id)))
    expect(records.map((record) => record?.state)).toEqual([
      ...Array.from({ length: FOLLOWED + 1 }, () => 'delivered'),
      'queued',
    ])
    expect(server.dots).toBe(FOLLOWED + 1)
  })

  test('a worker that waits no longer takes nothing from the first one, and hands the next back', async () => {
    await using stack = new AsyncDisposableStack()
    const answer = Promise.withResolvers<string>()
    const DOT = [...Array.from({ length: FOLLOWED - 1 }, () => TAKEN), { later: answer.promise }]
    const server = stack.use(await startScriptedServer({ DOT }))
    const { room, ids } = await openFarRoom(newRedis(queue), server, stack)
    await room.worker.start()
    const offered = (): number => server.commands.filter((one) => one === 'DATA').length
    await expect.poll(offered).toBe(FOLLOWED + 1)
    const stopped = room.worker.stop(100, 20_000)
    const next = ids[FOLLOWED] ?? ''
    const isBack = (): boolean => room.told('handed-back').some(({ id }) => id === next)
    await expect.poll(isBack).toBe(true)
    answer.resolve(TAKEN)
    await stopped
    const records = await Promise.all(ids.map((id) => room.mailroom.get(id)))
    expect(records.map((record) => record?.attempts)).toEqual([1, 1, 1, 1, 1, 1, 0, 0])
    expect(records[FOLLOWED - 1]?.state).toBe('delivered')
    expect(server.dots).toBe(FOLLOWED)
  })
})
