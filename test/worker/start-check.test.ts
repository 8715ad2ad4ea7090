import { expect, test } from 'vitest'

import { openHealthChanges } from '../../src/fleet/health-changes.ts'
import { openStore } from '../../src/store/open.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

const WORKERS = 20

function loginWith(password: string) {
  const auth = { method: 'basic', user: 'app', password, allowInsecureAuth: true }
  return { server: '127.0.0.1', tls: 'none', auth }
}

describeServers('a worker that starts', (place) => {
  test('finds out without mail that a manager can be used, once for all workers', async () => {
    await using server = await startSmtpServer({ users: { app: 'right' } })
    const relay = { port: server.port, ...loginWith('right') }
    const at = place()
    await using first = await openRoom(at, relay)
    await expect.poll(() => first.told('verified')).toHaveLength(1)
    const { id: foundBy } = first.worker
    const verified = { event: 'verified', connection: 'relay', manager: 'relay', foundBy }
    expect(first.told('verified')).toEqual([verified])
    await using later = await openRoom(at, relay)
    await expect.poll(() => later.told('verified')).toEqual([verified])
    expect(server.logins).toBe(1)
  })

  test('tells what to do about a manager that cannot be used, and works for the others', async () => {
    await using server = await startSmtpServer({ users: { app: 'right' } })
    const at = place()
    const wrong = { port: server.port, ...loginWith('wrong') }
    const relay = { port: server.port, ...loginWith('right') }
    await using room = await openRoom(at, relay, { others: { wrong } })
    await expect.poll(() => room.told('parked')).toHaveLength(1)
    const advice = expect.stringMatching(
      /^The server refuses user and password.*Check user and password/,
    )
    const told = {
      manager: 'wrong',
      stage: 'auth',
      code: 535,
      problem: 'auth.password-refused',
      advice,
    }
    expect(room.told('parked')).toMatchObject([told])
    expect(await room.worker.readiness()).toEqual({ ready: true, parked: ['wrong'], delayed: [] })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(room.told('verified')).toMatchObject([{ manager: 'relay' }])

    await using store = await openStore(at.queue, { patience: 'wait', ...at })
    const causes = async () =>
      Object.values((await openHealthChanges(store).all()).get('wrong')?.entries ?? {})
    const cause = { problem: 'auth.password-refused', remedy: advice }
    await expect.poll(causes).toMatchObject([{ cause }])
  })
})

describeRedis('a fleet that starts', (queue) => {
  const newPlace = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('logs in once, however many workers there are', async () => {
    await using server = await startSmtpServer({ users: { app: 'right' } })
    const place = newPlace()
    const relay = { port: server.port, ...loginWith('right'), limits: { sessions: WORKERS } }
    await using fleet = new AsyncDisposableStack()
    const open = async (): Promise<Room> => fleet.use(await openRoom(place, relay))
    const rooms = await Promise.all(Array.from({ length: WORKERS }, open))
    const lacking = () => rooms.filter((room) => room.told('verified').length === 0).length
    await expect.poll(lacking).toBe(0)
    expect(server.logins).toBe(1)
    const finders = rooms.flatMap((room) => room.told('verified').map(({ foundBy }) => foundBy))
    expect(new Set(finders).size).toBe(1)
  })

  test('asks the spare member of a group, and gives its session back', async () => {
    await using first = await startSmtpServer()
    await using spare = await startSmtpServer()
    await using room = await openRoom(
      newPlace(),
      { port: first.port },
      {
        others: { backup: { server: '127.0.0.1', port: spare.port, tls: 'none' } },
        groups: { out: 'failover:relay,backup' },
        names: ['out'],
      },
    )
    const asked = () => room.told('verified').map(({ manager }) => manager)
    await expect.poll(() => asked().toSorted()).toEqual(['backup', 'relay'])
    await expect.poll(() => spare.open).toBe(0)
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect([first.mails.length, spare.mails.length, spare.connections]).toEqual([1, 0, 1])
  })

  test('asks nobody before there is mail when it is told not to', async () => {
    await using server = await startSmtpServer()
    await using quiet = await startSmtpServer()
    const others = { quiet: { server: '127.0.0.1', port: quiet.port, tls: 'none' } }
    await using room = await openRoom(
      newPlace(),
      { port: server.port },
      { others, verifyAtStart: false },
    )
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(quiet.connections).toBe(0)
    expect(room.told('verified')).toEqual([])
  })
})
