import { expect, test, vi } from 'vitest'

import { openLogin } from '../../src/connections/login.ts'
import { openSession, type Session } from '../../src/connections/session.ts'
import type { TransactionEnding } from '../../src/connections/transaction-ending.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer, STEP_BY_STEP, type Script } from '../support/scripted-server.ts'

const BODY = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const allow = (): Promise<boolean> => Promise.resolve(true)
const forbid = (): Promise<boolean> => Promise.resolve(false)
const to = (name: string) => ({ from: 'ann@example.org', to: [`${name}@example.com`] })

/** A session in which one more message may wait. */
async function twoIn(server: { readonly port: number }): Promise<Session & { missteps: number }> {
  const resolved = await managerFor(server)
  const login = await openLogin(resolved)
  if (login.kind === 'fault') throw new Error('no session')
  const { timeouts } = resolved.manager
  const onMisstep = (): void => void (session.missteps += 1)
  const session = Object.assign(openSession(login, { timeouts, onMisstep }), { missteps: 0 })
  return session
}

function offer(session: Session, name: string, mark = allow): Promise<TransactionEnding> {
  return session.deliver(to(name), BODY, { beforeDot: mark })
}

test('the commands of the message that waits leave in the packet of the final dot', async () => {
  await using server = await startScriptedServer()
  using session = await twoIn(server)

  const endings = await Promise.all([offer(session, 'bob'), offer(session, 'eve')])

  expect(endings).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }])
  expect(server.packets.map((packet) => packet.match(/^(MAIL|\.)/gmu))).toEqual([
    null,
    ['MAIL'],
    ['.', 'MAIL'],
    ['.'],
  ])
})

test('a message that comes after the dot has left says its commands at once', async () => {
  const answer = Promise.withResolvers<string>()
  await using server = await startScriptedServer({ DOT: [{ later: answer.promise }, '250 ok'] })
  using session = await twoIn(server)

  const first = offer(session, 'bob')
  await expect.poll(() => server.dots).toBe(1)
  const second = offer(session, 'eve')
  await expect.poll(() => server.commands).toHaveLength(7)
  answer.resolve('250 2.0.0 taken')

  expect(await Promise.all([first, second])).toMatchObject([
    { kind: 'accepted' },
    { kind: 'accepted' },
  ])
})

test('without PIPELINING the second message begins when the first is over', async () => {
  await using server = await startScriptedServer({ EHLO: STEP_BY_STEP })
  using session = await twoIn(server)
  const endings = await Promise.all([offer(session, 'bob'), offer(session, 'eve')])
  expect(endings).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }])
  expect(server.packets.filter((packet) => packet.includes('.\r\nMAIL'))).toEqual([])
})

const STALE = { kind: 'broken', dotSent: false, isStale: true }
const TAKEN = { kind: 'accepted' }

test.for<[what: string, script: Script, first: object, second: object]>([
  [
    'refused at the dot',
    { DOT: ['554 5.7.1 spam', '250 ok'] },
    { kind: 'rejected', fault: { stage: 'dot', reply: { code: 554 } } },
    TAKEN,
  ],
  [
    'put off at the dot',
    { DOT: ['451 4.3.0 later', '250 ok'] },
    { kind: 'rejected', fault: { stage: 'dot', reply: { code: 451 } } },
    TAKEN,
  ],
  [
    'refused at MAIL',
    { MAIL: ['550 5.1.8 no', '250 ok'], DATA: ['503 no', '354 go on'] },
    { kind: 'rejected', fault: { stage: 'mail', reply: { code: 550 } } },
    TAKEN,
  ],
  [
    'refused for its only recipient',
    { RCPT: ['550 5.1.1 no', '250 ok'], DATA: ['554 no', '354 go on'] },
    { kind: 'rejected', fault: { stage: 'rcpt', reply: { code: 550 } } },
    TAKEN,
  ],
  [
    'answered with 421 at the dot',
    { DOT: { say: '421 4.3.2 bye', after: 'close' } },
    { kind: 'rejected', fault: { stage: 'dot', reply: { code: 421 } } },
    STALE,
  ],
  ['never answered', { DOT: { after: 'reset' } }, { kind: 'broken', dotSent: true }, STALE],
  ['answered with nonsense', { DOT: 'What?' }, { kind: 'broken', dotSent: true }, STALE],
  ['the last that is taken', { DOT: { say: '250 ok', after: 'close' } }, TAKEN, STALE],
  ['followed by 421', { MAIL: ['250 ok', '421 4.7.0 too many'] }, TAKEN, { isStale: true }],
  [
    'followed by one whose sender is refused',
    { MAIL: ['250 ok', '550 5.1.8 no'], DATA: ['354 go on', '503 no'] },
    TAKEN,
    { kind: 'rejected', fault: { stage: 'mail', reply: { code: 550 } } },
  ],
  [
    'followed by one whose recipient is refused, and DATA is not',
    { RCPT: ['250 ok', '550 5.1.1 no'], DOT: ['250 ok', '554 nobody'] },
    TAKEN,
    { kind: 'rejected', fault: { stage: 'rcpt', reply: { code: 550 } } },
  ],
  [
    'followed by one whose dot is never answered',
    { DOT: ['250 ok', { after: 'reset' }] },
    TAKEN,
    { kind: 'broken', dotSent: true },
  ],
])('both endings are exact when the first is %s', async ([, script, first, second]) => {
  await using server = await startScriptedServer(script)
  using session = await twoIn(server)
  const endings = await Promise.all([offer(session, 'bob'), offer(session, 'eve')])
  expect(endings).toMatchObject([first, second])
  expect('isStale' in endings[1]).toBe('isStale' in second)
  expect(session.missteps).toBe('isStale' in second ? 1 : 0)
})

test('a first message that is withdrawn takes the session from the second, and nothing else', async () => {
  await using server = await startScriptedServer()
  using session = await twoIn(server)
  const endings = await Promise.all([offer(session, 'bob', forbid), offer(session, 'eve')])
  expect(endings).toMatchObject([{ kind: 'withdrawn' }, STALE])
  expect(server.commands.filter((command) => command.includes('eve'))).toEqual([])
})

test('the second message is marked only when the server has asked for it', async () => {
  const answer = Promise.withResolvers<string>()
  await using server = await startScriptedServer({ DOT: [{ later: answer.promise }, '250 ok'] })
  using session = await twoIn(server)
  let isMarked = false
  const first = offer(session, 'bob')
  const second = offer(session, 'eve', () => {
    isMarked = true
    return allow()
  })
  await expect.poll(() => server.commands).toHaveLength(7)
  expect(isMarked).toBe(false)
  answer.resolve('250 2.0.0 taken')
  await Promise.all([first, second])
  expect(isMarked).toBe(true)
})

test('a message that ends while it waits leaves the one before alone', async () => {
  const answer = Promise.withResolvers<string>()
  await using server = await startScriptedServer({ DOT: { later: answer.promise } })
  using session = await twoIn(server)
  const first = offer(session, 'bob')
  await expect.poll(() => server.dots).toBe(1)
  const end = new AbortController()
  const second = session.deliver(to('eve'), BODY, { beforeDot: allow, signal: end.signal })
  await expect.poll(() => server.commands).toHaveLength(7)
  end.abort()

  const fault = { kind: 'aborted', stage: 'mail' }
  expect(await second).toMatchObject({ kind: 'broken', dotSent: false, fault })
  expect(session.isUsable).toBe(false)
  answer.resolve('250 2.0.0 taken')
  expect(await first).toMatchObject({ kind: 'accepted' })
  // The server still waits for a body that never comes.
  await expect.poll(() => server.open).toBe(0)
})

test('a message waits for the answer to the one before for a while only', async () => {
  const answer = Promise.withResolvers<string>()
  await using server = await startScriptedServer({ DOT: { later: answer.promise } })
  using session = await twoIn(server)
  const first = offer(session, 'bob')
  await expect.poll(() => server.dots).toBe(1)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const second = offer(session, 'eve')
  vi.advanceTimersByTime(5_000)
  vi.useRealTimers()

  const fault = { kind: 'timeout', stage: 'mail' }
  expect(await second).toMatchObject({ ...STALE, fault })
  expect(session.missteps).toBe(1)
  answer.resolve('250 2.0.0 taken')
  expect(await first).toMatchObject({ kind: 'accepted' })
  expect(session.isUsable).toBe(false)
})

test('a third message is not taken', async () => {
  await using server = await startScriptedServer()
  using session = await twoIn(server)
  const endings = [offer(session, 'bob'), offer(session, 'eve')]
  await expect(offer(session, 'joe')).rejects.toThrow('expected a session with room')
  expect(await Promise.all(endings)).toMatchObject([TAKEN, TAKEN])
})
