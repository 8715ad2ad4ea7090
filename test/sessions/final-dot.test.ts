import { expect, test } from 'vitest'

import { startScriptedServer, STEP_BY_STEP } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'
import { sessionWith } from '../support/test-session.ts'

const ENVELOPE = { from: 'ann@example.org', to: ['bob@example.com', 'eve@example.com'] }
const SHORT = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const LONG = Buffer.from('fifty-two letters and digits, then a line break abcd\r\n'.repeat(100_000))
const allow = () => Promise.resolve(true)

/** A short body is kept back until its dot may leave; a long one flows meanwhile. */
const BODIES: readonly (readonly [name: string, body: Buffer, flowing: number])[] = [
  ['short', SHORT, 0],
  ['long', LONG, LONG.length],
]

test.for(BODIES)('the dot of a %s body waits until it may leave', async ([, body, flowing]) => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  const mark = Promise.withResolvers<boolean>()
  let accepted: readonly number[] | undefined

  const delivery = session.deliver(ENVELOPE, body, {
    beforeDot: (indices) => {
      accepted = indices
      return mark.promise
    },
  })
  await expect.poll(() => accepted).toEqual([0, 1])
  await expect.poll(() => server.bodies.length).toBe(flowing)
  expect(server.dots).toBe(0)

  mark.resolve(true)
  expect(await delivery).toMatchObject({ kind: 'accepted' })
  expect(server.bodies).toBe(`${body.toString()}.\r\n`)
  expect(server.dots).toBe(1)
})

test.for(BODIES)('a %s body whose dot may not leave never gets one', async ([, body]) => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)

  const ending = await session.deliver(ENVELOPE, body, { beforeDot: () => Promise.resolve(false) })

  expect(ending).toMatchObject({ kind: 'withdrawn', recipients: [{ accepted: true }, {}] })
  expect(session.isUsable).toBe(false)
  await expect.poll(() => server.open).toBe(0)
  expect(server.dots).toBe(0)
  expect(server.bodies).not.toContain('\r\n.\r\n')
})

test.for(BODIES)('a %s body whose mark fails never gets its dot', async ([, body]) => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)

  const ending = await session.deliver(ENVELOPE, body, {
    beforeDot: () => Promise.reject(Object.assign(new Error('no store'), { code: 'STORE_DOWN' })),
  })

  expect(ending).toMatchObject({
    kind: 'broken',
    dotSent: false,
    fault: { kind: 'aborted', stage: 'body', detail: expect.stringContaining('STORE_DOWN') },
  })
  await expect.poll(() => server.open).toBe(0)
  expect(server.dots).toBe(0)
})

test('only the recipients that were accepted are marked', async () => {
  await using server = await startScriptedServer({ RCPT: ['550 5.1.1 unknown', '250 ok'] })
  using session = await sessionWith(server)
  const marked: (readonly number[])[] = []
  await session.deliver(ENVELOPE, SHORT, {
    beforeDot: (accepted) => {
      marked.push(accepted)
      return Promise.resolve(true)
    },
  })
  expect(marked).toEqual([[1]])
})

test('the ending is told only when no mark can follow it', async () => {
  await using server = await startScriptedServer({ BODY: { after: 'close' } })
  using session = await sessionWith(server)
  const mark = Promise.withResolvers<boolean>()
  const events: string[] = []
  const delivery = session
    .deliver(ENVELOPE, LONG, { beforeDot: () => mark.promise })
    .then((ending) => events.push(ending.kind))
  await expect.poll(() => server.open).toBe(0)
  events.push('marked')
  mark.resolve(true)
  await delivery
  expect(events).toEqual(['marked', 'broken'])
})

test.for<[name: string, script: Script, ending: object]>([
  [
    'says 552 and closes',
    { BODY: { say: '552 5.3.4 too big', after: 'close' } },
    { kind: 'rejected', fault: { kind: 'reply', stage: 'body', reply: { code: 552 } } },
  ],
  [
    'says 250',
    { BODY: '250 taken early' },
    { kind: 'broken', dotSent: false, fault: { kind: 'protocol', stage: 'body' } },
  ],
  [
    'closes',
    { BODY: { after: 'close' } },
    { kind: 'broken', dotSent: false, fault: { kind: 'closed', stage: 'body' } },
  ],
])('a server that %s within the body leaves no doubt', async ([, script, expected]) => {
  await using server = await startScriptedServer(script)
  using session = await sessionWith(server)
  const mark = Promise.withResolvers<boolean>()
  const delivery = session.deliver(ENVELOPE, LONG, { beforeDot: () => mark.promise })
  await expect.poll(() => server.open).toBe(0)
  mark.resolve(true)
  expect(await delivery).toMatchObject(expected)
  expect(server.dots).toBe(0)
})

test('a server that reads no more runs into the time-out of the body', async () => {
  await using server = await startScriptedServer({ BODY: { after: 'deafness' } })
  using session = await sessionWith(server, { timeouts: { body: 200 } })
  const body = Buffer.alloc(
    25_000_000,
    'sixty letters and a line break, again and again and so on\r\n',
  )
  const ending = await session.deliver(ENVELOPE, body, { beforeDot: allow })
  expect(ending).toMatchObject({
    kind: 'broken',
    dotSent: false,
    fault: { kind: 'timeout', stage: 'body' },
  })
})

test('the time for the whole transaction counts until the dot has left', async () => {
  await using silent = await startScriptedServer({ DATA: { after: 'silence' } })
  using session = await sessionWith(silent, { timeouts: { total: 100 } })
  expect(await session.deliver(ENVELOPE, SHORT, { beforeDot: allow })).toMatchObject({
    kind: 'broken',
    dotSent: false,
    fault: { kind: 'timeout', stage: 'data', detail: expect.stringContaining('timeouts.total') },
  })

  await using slow = await startScriptedServer({ DOT: { after: 'silence' } })
  using other = await sessionWith(slow, { timeouts: { total: 1000, dot: 1300 } })
  expect(await other.deliver(ENVELOPE, SHORT, { beforeDot: allow })).toMatchObject({
    kind: 'broken',
    dotSent: true,
    fault: { kind: 'timeout', stage: 'dot', detail: 'nothing came for 1s (timeouts.dot)' },
  })
})

test.for(['mail', 'rcpt', 'data'] as const)('an abort at %s ends at once', async (stage) => {
  const command = stage.toUpperCase()
  await using server = await startScriptedServer({
    EHLO: STEP_BY_STEP,
    [command]: { after: 'silence' },
  })
  using session = await sessionWith(server)
  const aborter = new AbortController()
  const delivery = session.deliver(ENVELOPE, SHORT, {
    beforeDot: allow,
    signal: aborter.signal,
  })
  await expect.poll(() => server.commands.at(-1)).toContain(command)
  aborter.abort()
  expect(await delivery).toMatchObject({
    kind: 'broken',
    dotSent: false,
    fault: { kind: 'aborted', stage },
  })
  await expect.poll(() => server.open).toBe(0)
})

test('an abort before anything was sent leaves the session usable', async () => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  const signal = AbortSignal.abort()
  expect(await session.deliver(ENVELOPE, SHORT, { beforeDot: allow, signal })).toMatchObject({
    kind: 'broken',
    dotSent: false,
    fault: { kind: 'aborted', stage: 'mail' },
  })
  expect(session.isUsable).toBe(true)
  expect(session.messages).toBe(0)
})

test('an abort after the dot has left is ignored', async () => {
  await using server = await startScriptedServer({ DOT: { after: 'silence' } })
  using session = await sessionWith(server)
  const aborter = new AbortController()
  const delivery = session.deliver(ENVELOPE, SHORT, { beforeDot: allow, signal: aborter.signal })
  await expect.poll(() => server.dots).toBe(1)
  aborter.abort()
  server.say('250 2.0.0 taken')
  expect(await delivery).toMatchObject({ kind: 'accepted' })
})

test('a session that is destroyed with a message ends it, and says whether the dot had left', async () => {
  await using server = await startScriptedServer({ DOT: { after: 'silence' } })
  using session = await sessionWith(server)
  const delivery = session.deliver(ENVELOPE, SHORT, { beforeDot: allow })
  await expect.poll(() => server.dots).toBe(1)
  session.destroy()
  expect(await delivery).toMatchObject({
    kind: 'broken',
    dotSent: true,
    fault: { kind: 'aborted', stage: 'dot' },
  })
})

test('a session carries one message at a time', async () => {
  await using server = await startScriptedServer({ DOT: { after: 'silence' } })
  using session = await sessionWith(server)
  const first = session.deliver(ENVELOPE, SHORT, { beforeDot: allow })
  await expect(session.deliver(ENVELOPE, SHORT, { beforeDot: allow })).rejects.toThrow(TypeError)
  session.destroy()
  await first
})
