import { readdir } from 'node:fs/promises'

import { Client } from 'pg'
import { expect, test } from 'vitest'

import { attachEmbedded, type EmbeddedPostgres } from '../../src/store/embedded/attach.ts'
import { openStore } from '../../src/store/open.ts'
import { runs } from '../support/runs.ts'
import { makePlace } from './embedded-place.ts'

/** One row for each user. */
const MARKS = `select 1 from pg_locks where locktype = 'advisory' and granted`

test('six processes that come at once to an empty directory share one server', async () => {
  await using place = await makePlace()
  const users = Array.from({ length: 6 }, () => place.startUser())
  const attached = await Promise.all(users.map((user) => user.attached))
  const server = await place.serverPid()

  expect(new Set(attached.map(({ port }) => port)).size).toBe(1)
  expect(attached.filter(({ hasStarted }) => hasStarted)).toHaveLength(1)
  expect((await readdir(place.directory)).toSorted()).toEqual(['data', 'log'])

  const wasLast = await Promise.all(users.map((user) => user.leave()))
  expect(wasLast.filter(Boolean)).toHaveLength(1)
  expect(await runs(server)).toBe(false)
})

test('those who come while the last one leaves get a server', async () => {
  await using place = await makePlace()
  const last = await attachEmbedded(place.directory)
  const first = await place.serverPid()

  const [wasLast, ...newcomers] = await Promise.all([
    last.detach(),
    ...Array.from({ length: 4 }, () => attachEmbedded(place.directory)),
  ])
  const ports = await Promise.all(newcomers.map(async (user) => (await user.parameters()).port))
  expect(new Set(ports).size).toBe(1)
  expect(await runs(await place.serverPid())).toBe(true)
  // Whether a newcomer was in time to keep the first server is a matter of milliseconds.
  expect((await place.serverPid()) !== first).toBe(wasLast)

  const left: boolean[] = []
  for (const user of newcomers) left.push(await user.detach())
  expect(left).toEqual([false, false, false, true])
})

test('a killed server comes back for its users, with what was stored', async () => {
  await using place = await makePlace()
  let losses = 0
  const onLost = (): number => (losses += 1)
  await using one = await attachEmbedded(place.directory, { onLost })
  await using other = await attachEmbedded(place.directory, { onLost })
  const before = await place.serverPid()
  await query(one, 'create table letters as select 1 as number')

  process.kill(before, 'SIGKILL')
  await expect.poll(() => losses).toBe(2)
  const [first, second] = await Promise.all([one.parameters(), other.parameters()])

  expect(first.port).toBe(second.port)
  expect(await place.serverPid()).not.toBe(before)
  expect(await query(other, 'select number from letters')).toEqual([{ number: 1 }])
  expect(await one.detach()).toBe(false)
  expect(await other.detach()).toBe(true)
})

test('a user whose session alone is cut keeps its place among the users', async () => {
  await using place = await makePlace()
  await using cut = await attachEmbedded(place.directory)
  const server = await place.serverPid()
  await query(
    cut,
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mailroom user'`,
  )
  await expect.poll(() => query(cut, MARKS)).toHaveLength(1)

  await using other = await attachEmbedded(place.directory)
  expect(await other.detach()).toBe(false)
  expect(await place.serverPid()).toBe(server)
  expect(await runs(server)).toBe(true)
})

test('a user that is killed leaves no mark, and the server outlives it', async () => {
  await using place = await makePlace()
  const starter = place.startUser()
  expect(await starter.attached).toMatchObject({ hasStarted: true })
  const server = await place.serverPid()
  await using other = await attachEmbedded(place.directory)

  await starter.kill()
  expect(await query(other, 'select 1 as answer')).toEqual([{ answer: 1 }])
  expect(other.hasStarted).toBe(false)
  await expect.poll(() => query(other, MARKS)).toHaveLength(1)
  expect(await other.detach()).toBe(true)
  expect(await runs(server)).toBe(false)
})

test('a server that lost all its users to kills serves the next one', async () => {
  await using place = await makePlace()
  const user = place.startUser()
  const { port } = await user.attached
  await user.kill()

  const next = await attachEmbedded(place.directory)
  expect(await next.parameters()).toMatchObject({ port, database: 'mailroom' })
  await expect.poll(() => query(next, MARKS)).toHaveLength(1)
  expect(await next.detach()).toBe(true)
})

test('the last store to close, which stops the server, tells of no fault', async () => {
  await using place = await makePlace()
  const faults: unknown[] = []
  for (let round = 0; round < 5; round += 1) {
    const store = await openStore(`embedded:${place.directory}`, {
      patience: 'wait',
      onError: (error) => faults.push(error),
    })
    await store.subscribe('health', () => undefined)
    await Promise.all(Array.from({ length: 20 }, async () => store.ping()))
    await store.close()
  }
  expect(faults).toEqual([])
})

async function query(embedded: EmbeddedPostgres, text: string): Promise<unknown[]> {
  const client = new Client(await embedded.parameters())
  await client.connect()
  const { rows } = await client.query(text)
  await client.end()
  return rows
}
