import { expect, test } from 'vitest'

import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import { openPool } from '../../src/connections/pool.ts'
import type { PoolEvent } from '../../src/connections/pool-event.ts'
import type { Acquired } from '../../src/connections/acquired.ts'
import type { Pool, PoolOptions } from '../../src/connections/pool.ts'
import { createSeats } from '../../src/connections/seats.ts'
import type { Session } from '../../src/connections/session.ts'
import { freePort } from '../support/free-port.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'

const ENVELOPE = { from: 'ann@example.org', to: ['bob@example.com'] }
const BODY = Buffer.from('Subject: hello\r\n\r\nHello\r\n')

interface WatchedPool extends Pool {
  readonly events: readonly PoolEvent[]
  readonly ends: () => readonly string[]
}

async function poolFor(
  server: { readonly port: number },
  properties: Partial<ConnectionManagerInput> = {},
  options: PoolOptions = {},
): Promise<WatchedPool> {
  const events: PoolEvent[] = []
  const pool = openPool(await managerFor(server, properties), {
    ...options,
    onEvent: (event) => events.push(event),
  })
  return Object.assign(pool, {
    events,
    ends: () => events.flatMap((event) => (event.event === 'session-closed' ? [event.why] : [])),
  })
}

function sessionOf(acquired: Acquired): Session {
  if (acquired.kind === 'fault') throw new Error(`no session: ${JSON.stringify(acquired.fault)}`)
  return acquired.session
}

async function send(pool: Pool): Promise<string> {
  const session = sessionOf(await pool.acquire())
  try {
    const ending = await session.deliver(ENVELOPE, BODY, {
      beforeDot: () => Promise.resolve(true),
    })
    return ending.kind
  } finally {
    pool.release(session)
  }
}

test('a session is used again', async () => {
  await using server = await startSmtpServer()
  await using pool = await poolFor(server)
  for (let index = 0; index < 10; index++) expect(await send(pool)).toBe('accepted')
  expect(server.connections).toBe(1)
  expect(pool.stats).toEqual({ open: 1, busy: 0, idle: 1, waiting: 0 })
  expect(pool.events).toEqual([
    { event: 'session-opened', manager: 'Test relay', ms: expect.any(Number) },
  ])
})

test('never more than the limit of sessions are open, and callers are served in order', async () => {
  await using server = await startSmtpServer()
  await using pool = await poolFor(server, {}, { maxSessions: 3 })
  const order: number[] = []
  const kinds = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const acquired = pool.acquire()
      const session = sessionOf(await acquired)
      order.push(index)
      const ending = await session.deliver(ENVELOPE, BODY, {
        beforeDot: () => Promise.resolve(true),
      })
      pool.release(session)
      return ending.kind
    }),
  )
  expect(new Set(kinds)).toEqual(new Set(['accepted']))
  expect(server.mails).toHaveLength(30)
  expect(server.mostOpen).toBe(3)
  // The first three log in, each in its own time; all others wait for a session.
  const waited = order.filter((index) => index >= 3)
  expect(waited).toEqual(waited.toSorted((one, other) => one - other))
})

test('a caller with a session of its own never waits for others', async () => {
  await using server = await startSmtpServer()
  await using pool = await poolFor(server, {}, { maxSessions: 4 })
  const held = await Promise.all(Array.from({ length: 4 }, () => pool.acquire()))
  expect(held.map(({ kind }) => kind)).toEqual(Array(4).fill('session'))
  expect(pool.stats).toEqual({ open: 4, busy: 4, idle: 0, waiting: 0 })
  for (const acquired of held) pool.release(sessionOf(acquired))
})

test('a session that the server closed while it was unused is replaced', async () => {
  await using server = await startScriptedServer()
  await using pool = await poolFor(server)
  await send(pool)
  server.closeAll()
  await expect.poll(() => pool.ends()).toEqual(['stale'])
  expect(await send(pool)).toBe('accepted')
  expect(server.connections).toBe(2)
})

test('a session that gets 421 while it is unused is replaced', async () => {
  await using server = await startScriptedServer()
  await using pool = await poolFor(server)
  await send(pool)
  server.say('421 4.4.2 idle for too long')
  await expect.poll(() => pool.ends()).toEqual(['stale'])
  expect(await send(pool)).toBe('accepted')
})

test('a session that broke is replaced', async () => {
  await using server = await startScriptedServer({ DOT: [{ after: 'close' }, '250 ok'] })
  await using pool = await poolFor(server)
  expect(await send(pool)).toBe('broken')
  expect(pool.ends()).toEqual(['broken'])
  expect(await send(pool)).toBe('accepted')
  expect(server.connections).toBe(2)
})

test('a session is closed with QUIT after its number of messages', async () => {
  await using server = await startScriptedServer()
  await using pool = await poolFor(server, { limits: { messagesPerSession: 2 } })
  for (let index = 0; index < 5; index++) expect(await send(pool)).toBe('accepted')
  expect(server.connections).toBe(3)
  expect(pool.ends()).toEqual(['worn', 'worn'])
  expect(pool.events).toContainEqual({
    event: 'session-closed',
    manager: 'Test relay',
    messages: 2,
    why: 'worn',
  })
  expect(server.commands.filter((line) => line === 'QUIT')).toHaveLength(2)
})

test('an unused session is closed with QUIT when its time is over', async () => {
  await using server = await startScriptedServer()
  await using pool = await poolFor(server, { timeouts: { idle: 150 } })
  await send(pool)
  await send(pool)
  await expect.poll(() => pool.ends()).toEqual(['idle'])
  await expect.poll(() => server.open).toBe(0)
  expect(server.commands.at(-1)).toBe('QUIT')
  expect(server.connections).toBe(1)
  expect(await send(pool)).toBe('accepted')
})

test('a session in use is not closed for being idle', async () => {
  await using server = await startScriptedServer()
  await using pool = await poolFor(server, { timeouts: { idle: 50 } }, { maxSessions: 2 })
  const held = sessionOf(await pool.acquire())
  pool.release(held)
  expect(sessionOf(await pool.acquire())).toBe(held)
  await send(pool)
  await expect.poll(() => pool.ends()).toEqual(['idle'])
  expect(held.isUsable).toBe(true)
  pool.release(held)
  await expect.poll(() => pool.ends()).toEqual(['idle', 'idle'])
})

test('a wrong password costs one login for each caller, and no more', async () => {
  await using server = await startSmtpServer({ users: { ann: 'right' } })
  await using pool = await poolFor(
    server,
    { auth: { method: 'basic', user: 'ann', password: 'wrong', allowInsecureAuth: true } },
    { maxSessions: 2 },
  )
  const first = await pool.acquire()
  expect(first).toMatchObject({ kind: 'fault', fault: { stage: 'auth', reply: { code: 535 } } })
  expect(server.logins).toBe(1)
  const others = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])
  expect(others.map(({ kind }) => kind)).toEqual(['fault', 'fault', 'fault'])
  expect(server.logins).toBe(4)
  expect(pool.stats).toEqual({ open: 0, busy: 0, idle: 0, waiting: 0 })
  expect(pool.events).toEqual([])
})

test('a failed login leaves the sessions of others alone', async () => {
  await using server = await startScriptedServer({
    GREETING: ['220 scripted', '554 5.7.1 one is enough'],
  })
  await using pool = await poolFor(server, {}, { maxSessions: 2 })
  const held = sessionOf(await pool.acquire())
  expect(await pool.acquire()).toMatchObject({ kind: 'fault', fault: { stage: 'greeting' } })
  pool.release(held)
  expect(await send(pool)).toBe('accepted')
})

test('no server, no session, and the pool stays usable', async () => {
  const port = await freePort()
  await using pool = await poolFor({ port })
  expect(await pool.acquire()).toMatchObject({ fault: { kind: 'refused', stage: 'connect' } })
  expect(await pool.acquire()).toMatchObject({ fault: { kind: 'refused', stage: 'connect' } })
})

test('a caller that no longer wants a session is not served', async () => {
  await using server = await startScriptedServer()
  await using pool = await poolFor(server, {}, { maxSessions: 1 })
  const held = sessionOf(await pool.acquire())
  const aborter = new AbortController()
  const given = pool.acquire(aborter.signal)
  const patient = pool.acquire()
  aborter.abort()
  expect(await given).toMatchObject({ kind: 'fault', fault: { kind: 'aborted' } })
  pool.release(held)
  expect(sessionOf(await patient)).toBe(held)
})

test('a closed pool ends unused sessions with QUIT and gives no more', async () => {
  await using server = await startScriptedServer()
  const pool = await poolFor(server, {}, { maxSessions: 2 })
  const held = sessionOf(await pool.acquire())
  await send(pool)
  const closed = pool.close(10_000)
  expect(await pool.acquire()).toMatchObject({ kind: 'fault', fault: { kind: 'aborted' } })
  await expect.poll(() => server.open).toBe(1)
  pool.release(held)
  await closed
  expect(pool.ends()).toEqual(['shutdown', 'shutdown'])
  expect(server.commands.filter((line) => line === 'QUIT')).toHaveLength(2)
  expect(pool.stats).toEqual({ open: 0, busy: 0, idle: 0, waiting: 0 })
})

test('a pool that is closed with messages on their way ends them after the deadline', async () => {
  await using server = await startScriptedServer({ DOT: { after: 'silence' } })
  const pool = await poolFor(server, {}, { maxSessions: 1 })
  const session = sessionOf(await pool.acquire())
  const delivery = session.deliver(ENVELOPE, BODY, { beforeDot: () => Promise.resolve(true) })
  const waiting = pool.acquire()
  await expect.poll(() => server.dots).toBe(1)
  await pool.close(50)
  expect(await delivery).toMatchObject({ kind: 'broken', dotSent: true })
  expect(await waiting).toMatchObject({ kind: 'fault', fault: { kind: 'aborted' } })
  pool.release(session)
  expect(pool.ends()).toEqual(['shutdown'])
  await expect.poll(() => server.open).toBe(0)
})

test('a pool that is closed ends logins on their way', async () => {
  await using server = await startScriptedServer({ GREETING: { after: 'silence' } })
  const pool = await poolFor(server)
  const login = pool.acquire()
  await expect.poll(() => server.connections).toBe(1)
  await pool.close(10_000)
  expect(await login).toMatchObject({ kind: 'fault', fault: { kind: 'aborted' } })
  await expect.poll(() => server.open).toBe(0)
})

test('unused sessions can be closed at once', async () => {
  await using server = await startScriptedServer()
  await using pool = await poolFor(server)
  await send(pool)
  await pool.closeIdle()
  expect(pool.stats).toEqual({ open: 0, busy: 0, idle: 0, waiting: 0 })
  expect(server.commands.at(-1)).toBe('QUIT')
  await expect.poll(() => server.open).toBe(0)
  expect(await send(pool)).toBe('accepted')
})

test('pools that share seats keep within them together, and open more as others end', async () => {
  await using server = await startSmtpServer()
  const seats = createSeats(() => 2)
  await using old = await poolFor(server, {}, { seats })
  await using fresh = await poolFor(server, {}, { seats })
  const first = sessionOf(await old.acquire())
  const second = sessionOf(await old.acquire())
  const waiting = fresh.acquire()
  expect(fresh.stats).toMatchObject({ open: 0, waiting: 1 })
  const closing = old.close(60_000)
  old.release(first)
  const third = sessionOf(await waiting)
  expect(server.mostOpen).toBe(2)
  old.release(second)
  await closing
  fresh.release(third)
  expect([old.stats.open, fresh.stats.open]).toEqual([0, 1])
})

test('a caller that waits for a session goes when logins are stopped', async () => {
  await using server = await startSmtpServer()
  await using pool = await poolFor(server, {}, { maxSessions: 1 })
  const held = sessionOf(await pool.acquire())
  const waiting = pool.acquire()
  pool.stopLogins()
  expect(await waiting).toMatchObject({ kind: 'fault', fault: { kind: 'aborted' } })
  pool.release(held)
})

test('unused sessions are closed when fewer are allowed, and used ones when they are free', async () => {
  await using server = await startSmtpServer()
  let allowed = 3
  let freed = 0
  const seats = createSeats(
    () => allowed,
    () => (freed += 1),
  )
  await using pool = await poolFor(server, {}, { seats })
  const first = sessionOf(await pool.acquire())
  const second = sessionOf(await pool.acquire())
  pool.release(sessionOf(await pool.acquire()))
  allowed = 1
  seats.look()
  await expect.poll(() => freed).toBe(1)
  pool.release(first)
  await expect.poll(() => freed).toBe(2)
  pool.release(second)
  expect(pool.stats).toMatchObject({ open: 1, idle: 1 })
  expect([seats.taken, pool.ends()]).toEqual([1, ['surplus', 'surplus']])
  allowed = 2
  const waiting = [pool.acquire(), pool.acquire(), pool.acquire()]
  expect(pool.stats).toMatchObject({ busy: 1, waiting: 1 })
  allowed = 3
  seats.look()
  for (const acquired of waiting) pool.release(sessionOf(await acquired))
})
