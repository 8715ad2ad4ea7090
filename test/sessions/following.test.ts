import { expect, test, vi } from 'vitest'

import type { Session } from '../../src/connections/session.ts'
import type { TransactionEnding } from '../../src/connections/transaction-ending.ts'
import { startScriptedServer, STEP_BY_STEP, type Script } from '../support/scripted-server.ts'
import { sessionWith } from '../support/test-session.ts'

const BODY = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const TAKEN = '250 2.0.0 taken'
const OK = '250 2.1.0 ok'
const allow = (): Promise<boolean> => Promise.resolve(true)

function offer(
  session: Session,
  name: string,
  { mark = allow, signal }: { mark?: typeof allow; signal?: AbortSignal } = {},
): Promise<TransactionEnding> {
  const envelope = { from: 'ann@example.org', to: [`${name}@example.com`] }
  return session.deliver(envelope, BODY, { beforeDot: mark, signal })
}

interface Two {
  readonly first: TransactionEnding
  readonly second: TransactionEnding
  readonly isMarked: boolean
  readonly isUsable: boolean
}

/** Offers a second message behind the first one's dot; that is answered when its commands have arrived. */
async function offerTwo(script: Script, dot: Said = TAKEN): Promise<Two> {
  const answer = Promise.withResolvers<Said>()
  const { DOT = [] } = script
  const later = { later: answer.promise }
  await using server = await startScriptedServer({
    ...script,
    DOT: [later, ...([DOT].flat() as [])],
  })
  using session = await sessionWith(server)
  const ending = offer(session, 'bob')
  await expect.poll(() => session.mayFollow).toBe(true)
  let isMarked = false
  const mark = (): Promise<boolean> => {
    isMarked = true
    return allow()
  }
  const next = offer(session, 'eve', { mark })
  await expect.poll(() => server.commands.filter((line) => line === 'DATA')).toHaveLength(2)
  expect(isMarked).toBe(false)
  answer.resolve(dot)
  const [first, second] = await Promise.all([ending, next])
  return { first, second, isMarked, isUsable: session.isUsable }
}

type Said = string | { readonly say?: string; readonly after: 'close' | 'reset' }

/** The ending of a message that nothing follows. */
async function offerAlone(dot: Said): Promise<TransactionEnding> {
  await using server = await startScriptedServer({ DOT: dot })
  using session = await sessionWith(server)
  return await offer(session, 'bob')
}

test('the second message is offered before the first is answered, and both are taken', async () => {
  const { first, second, isMarked, isUsable } = await offerTwo({ DOT: TAKEN })
  expect([first, second]).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }])
  expect([isMarked, isUsable]).toEqual([true, true])
})

/** What comes for the first dot while a second message is behind it; whether that goes on. */
test.for<[dot: Said, goesOn: boolean]>([
  [TAKEN, true],
  ['451 4.3.0 later', true],
  ['554 5.7.1 spam', true],
  ['421 4.3.2 bye', false],
  ['354 go on', false],
  ['What?', false],
  [{ after: 'close' }, false],
  [{ after: 'reset' }, false],
  [{ say: TAKEN, after: 'close' }, false],
  [{ say: '421 4.3.2 bye', after: 'close' }, false],
  [`${TAKEN}\n421 4.3.2 bye`, false],
  [`${TAKEN}\n${TAKEN}`, false],
  [`${TAKEN}\n${TAKEN}\n${TAKEN}`, false],
  [`${TAKEN}\n354 go on`, false],
  [`${TAKEN}\n550 5.1.1 nobody`, false],
  [`${TAKEN}\n451 4.3.0 later`, false],
])('a first dot that gets %j ends its message as if none followed', async ([dot, goesOn]) => {
  const { first, second, isMarked } = await offerTwo({ DOT: TAKEN }, dot)
  const alone = await offerAlone(dot)
  expect(first.kind).toBe(alone.kind)
  expect('fault' in first && first.fault).toEqual('fault' in alone && alone.fault)
  expect('dotSent' in first && first.dotSent).toBe('dotSent' in alone && alone.dotSent)
  expect(second).toMatchObject(goesOn ? { kind: 'accepted' } : { isStale: true })
  expect(isMarked).toBe(goesOn)
})

const ENDS = [
  { after: 'close' },
  { after: 'reset' },
  '421 4.3.2 bye',
  '550 5.7.1 no',
  '451 4.3.0 later',
  'What?',
] as const

test.for([
  ...(['MAIL', 'RCPT', 'DATA'] as const).flatMap((cue) => ENDS.map((end) => [cue, end] as const)),
  ['MAIL', '354 go on'] as const,
  ['RCPT', '354 go on'] as const,
  ['DATA', OK] as const,
])('a second message whose %s gets %j is stale, and the first is taken', async ([cue, end]) => {
  const usual = cue === 'DATA' ? '354 go on' : OK
  // Nobody is there to be mailed: DATA is refused as well.
  const rest = end !== 'What?' && cue === 'RCPT' ? { DATA: ['354 go on', '554 nobody'] } : {}
  const { first, second, isMarked } = await offerTwo({ ...rest, [cue]: [usual, end] })
  expect(first).toMatchObject({ kind: 'accepted' })
  expect(second).toMatchObject({ isStale: true })
  expect(isMarked).toBe(false)
})

test('a second message of which one recipient is refused goes to the others', async () => {
  const answer = Promise.withResolvers<string>()
  await using server = await startScriptedServer({
    RCPT: [OK, '550 5.1.1 nobody', OK],
    DOT: [{ later: answer.promise }, TAKEN],
  })
  using session = await sessionWith(server)
  const first = offer(session, 'bob')
  await expect.poll(() => session.mayFollow).toBe(true)
  const envelope = { from: 'ann@example.org', to: ['eve@example.com', 'joe@example.com'] }
  const second = session.deliver(envelope, BODY, { beforeDot: allow })
  answer.resolve(TAKEN)
  expect(await first).toMatchObject({ kind: 'accepted' })
  const recipients = [{ accepted: false, reply: { code: 550 } }, { accepted: true }]
  expect(await second).toMatchObject({ kind: 'accepted', recipients })
})

test('after a second message that was refused the session shows with RSET that it is in step', async () => {
  const answer = Promise.withResolvers<string>()
  const script: Script = {
    RCPT: [OK, '550 5.1.1 nobody', OK],
    DATA: ['354 go on', '554 5.5.1 nobody', '354 go on'],
    DOT: [{ later: answer.promise }, TAKEN],
  }
  await using server = await startScriptedServer(script)
  using session = await sessionWith(server)
  const first = offer(session, 'bob')
  await expect.poll(() => session.mayFollow).toBe(true)
  const second = offer(session, 'eve')
  answer.resolve(TAKEN)
  expect(await Promise.all([first, second])).toMatchObject([
    { kind: 'accepted' },
    { isStale: true },
  ])
  expect(await offer(session, 'eve')).toMatchObject({ kind: 'accepted' })
  expect(server.commands.filter((line) => line === 'RSET')).toHaveLength(1)
  expect(server.connections).toBe(1)
})

test('a second message that ends itself leaves the first its answer, and the session ends then', async () => {
  const answer = Promise.withResolvers<string>()
  await using server = await startScriptedServer({ DOT: { later: answer.promise } })
  using session = await sessionWith(server)
  const first = offer(session, 'bob')
  await expect.poll(() => session.mayFollow).toBe(true)
  const end = new AbortController()
  const second = offer(session, 'eve', { signal: end.signal })
  end.abort()
  const ending = await second
  expect(ending).toMatchObject({ kind: 'broken', dotSent: false, fault: { kind: 'aborted' } })
  expect(ending).not.toHaveProperty('isStale')
  expect(session.isOpen).toBe(true)
  expect(session.mayFollow).toBe(false)
  answer.resolve(TAKEN)
  const told = await first
  expect(told).toMatchObject({ kind: 'accepted' })
  expect(told).not.toHaveProperty('endsSession')
  expect(session.isOpen).toBe(false)
  // The server waits for a body that never comes.
  await expect.poll(() => server.open).toBe(0)
})

test('a second message waits for the answer to the first for seconds only, and harms it not', async () => {
  const answer = Promise.withResolvers<string>()
  await using server = await startScriptedServer({ DOT: { later: answer.promise } })
  using session = await sessionWith(server)
  const first = offer(session, 'bob')
  await expect.poll(() => session.mayFollow).toBe(true)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const second = offer(session, 'eve')
  vi.advanceTimersByTime(5_000)
  vi.useRealTimers()
  expect(await second).toMatchObject({ isStale: true, dotSent: false })
  answer.resolve(TAKEN)
  expect(await first).toMatchObject({ kind: 'accepted' })
})

test('a second message that is not heard waits for seconds only', async () => {
  const answer = Promise.withResolvers<string>()
  const MAIL = [OK, { after: 'silence' }] as const
  await using server = await startScriptedServer({ MAIL, DOT: { later: answer.promise } })
  using session = await sessionWith(server)
  const first = offer(session, 'bob')
  await expect.poll(() => session.mayFollow).toBe(true)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const second = offer(session, 'eve')
    answer.resolve(TAKEN)
    expect(await first).toMatchObject({ kind: 'accepted' })
    vi.advanceTimersByTime(5_000)
    expect(await second).toMatchObject({ isStale: true, dotSent: false })
  } finally {
    vi.useRealTimers()
  }
})

test('nothing follows without PIPELINING, and no third message', async () => {
  const answer = Promise.withResolvers<string>()
  const DOT = { later: answer.promise }
  await using slow = await startScriptedServer({ EHLO: STEP_BY_STEP, DOT })
  using alone = await sessionWith(slow)
  const only = offer(alone, 'bob')
  await expect.poll(() => slow.dots).toBe(1)
  expect(alone.mayFollow).toBe(false)

  await using server = await startScriptedServer({ DOT })
  using session = await sessionWith(server)
  const first = offer(session, 'bob')
  await expect.poll(() => session.mayFollow).toBe(true)
  const second = offer(session, 'eve')
  await expect(offer(session, 'joe')).rejects.toThrow('expected a session that carries no message')
  answer.resolve(TAKEN)
  expect(await Promise.all([only, first, second])).toMatchObject(
    Array.from({ length: 3 }, () => ({ kind: 'accepted' })),
  )
})
