import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { WorkerEvent } from '../../src/index.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { freePort } from '../support/free-port.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { FAST, openRoom, type Room } from './mail-room.ts'

const WORKERS = 20
/** Twenty processes start on as few cores as there are, and others are at work on them. */
const PATIENTLY = { timeout: 150_000, interval: 200 }
const PROGRAM = join(import.meta.dirname, '../main-job/programs/worker.ts')

interface WorkerProcess extends AsyncDisposable {
  readonly events: readonly WorkerEvent[]
  count(event: WorkerEvent['event']): number
  kill(): Promise<void>
}

function startWorker(config: unknown, hooks: unknown): WorkerProcess {
  const options = JSON.stringify({ config, hooks })
  const child = fork(PROGRAM, [options], { stdio: ['ignore', 'inherit', 'ignore', 'ipc'] })
  const events: WorkerEvent[] = []
  child.on('message', (event: WorkerEvent) => events.push(event))
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return {
    events,
    count: (kind) => events.filter(({ event }) => event === kind).length,
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

function relayAt(port: number, more: Readonly<Record<string, unknown>> = {}) {
  return { server: '127.0.0.1', port, tls: 'none', ...more }
}

function loginWith(file: string) {
  const password = `\${file:${file}}`
  return { auth: { method: 'basic', user: 'app', password, allowInsecureAuth: true } }
}

/** A room whose own worker does not start: others take its mail. */
function openOffice(place: TestStore, port: number): Promise<Room> {
  return openRoom(place, { port }, { starts: false })
}

describeRedis('the health of many processes', (queue) => {
  const newPlace = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('twenty workers with a wrong password try one login per interval, then mail flows in all', async () => {
    const authDelayMs = 1_500
    const triedAt: number[] = []
    const users = {
      get app() {
        triedAt.push(performance.now())
        return 'right'
      },
    }
    await using server = await startSmtpServer({ users })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await writeFile(file, 'wrong')
    const place = newPlace()
    const relay = relayAt(server.port, { ...loginWith(file), limits: { sessions: WORKERS } })
    await using office = await openOffice(place, server.port)
    for (let n = 0; n < WORKERS; n += 1) await office.send()

    await using fleet = new AsyncDisposableStack()
    const hooks = { ...FAST, circuit: { authDelayMs } }
    const workers = Array.from({ length: WORKERS }, () =>
      fleet.use(startWorker({ ...place, connections: { relay } }, hooks)),
    )
    const lacking = (event: WorkerEvent['event']): number =>
      workers.filter((worker) => worker.count(event) === 0).length
    await expect.poll(() => lacking('parked'), PATIENTLY).toBe(0)
    const before = triedAt.length
    await expect.poll(() => triedAt.length, PATIENTLY).toBeGreaterThan(before + 2)
    const waits = triedAt.slice(1).map((at, index) => at - (triedAt[index] ?? 0))
    // Before it asks again, whoever asked has heard the answer; clocks that count whole ms aside.
    expect(Math.min(...waits)).toBeGreaterThan(authDelayMs - 20)
    const parked = workers.flatMap(({ events }) =>
      events.flatMap((event) => (event.event === 'parked' ? [event] : [])),
    )
    expect(parked, 'each is told once').toHaveLength(WORKERS)
    expect(new Set(parked.map(({ foundBy }) => foundBy)).size).toBeLessThanOrEqual(before)

    await writeFile(file, 'right')
    await expect.poll(() => lacking('resumed'), PATIENTLY).toBe(0)
    const sendMore = async (): Promise<number> => {
      await Promise.all(Array.from({ length: WORKERS }, () => office.send()))
      return lacking('delivered')
    }
    await expect.poll(sendMore, PATIENTLY).toBe(0)
    expect(workers.map((worker) => worker.count('deferred'))).toEqual(workers.map(() => 0))
  }, 300_000)

  test('a worker with an old password parks itself and nobody else', async () => {
    await using server = await startSmtpServer({ users: { app: 'new' } })
    await using directory = await temporaryDirectory()
    const [old, fresh] = [join(directory.path, 'old'), join(directory.path, 'fresh')]
    await writeFile(old, 'old')
    await writeFile(fresh, 'new')
    const place = newPlace()
    const configOf = (file: string) => {
      const relay = relayAt(server.port, { ...loginWith(file), limits: { sessions: 4 } })
      return { ...place, connections: { relay } }
    }
    await using office = await openOffice(place, server.port)
    await using outdated = startWorker(configOf(old), FAST)
    await office.send()
    await expect.poll(() => outdated.count('parked'), PATIENTLY).toBe(1)
    await using current = startWorker(configOf(fresh), FAST)
    const sent = await Promise.all(Array.from({ length: 20 }, () => office.send()))
    for (const { id } of sent)
      expect(await office.settled(id)).toMatchObject({ state: 'delivered' })
    expect(current.count('parked')).toBe(0)
    expect(outdated.count('resumed')).toBe(0)
    // What it tells comes behind what it has written down.
    await expect.poll(() => current.count('delivered'), PATIENTLY).toBe(21)
  }, 150_000)

  test('a worker that is killed while it asks is succeeded', async () => {
    await using server = await startScriptedServer({
      GREETING: [{ after: 'silence' }, '220 hi'],
    })
    const place = newPlace()
    const config = { ...place, connections: { relay: relayAt(server.port) } }
    const hooks = { ...FAST, leaseMs: 1_000 }
    await using office = await openOffice(place, server.port)
    const mails = await Promise.all([office.send(), office.send()])
    await using asking = startWorker(config, hooks)
    await expect.poll(() => server.connections, PATIENTLY).toBe(1)
    await using _waiting = startWorker(config, hooks)
    await asking.kill()
    for (const { id } of mails)
      expect(await office.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
  }, 150_000)
})

describeServers('mail of a manager that could not be used', (place) => {
  test('is no older for a worker that starts later', async () => {
    const port = await freePort()
    const at = place()
    const giveUpAfterMs = 2_500
    const retry = { giveUpAfterMs, firstDelayMs: 50, maxDelayMs: 100 }
    const sent = await (async () => {
      await using early = await openRoom(at, { port }, { retry })
      await early.send()
      await expect.poll(() => early.told('parked')).toHaveLength(1)
      const { id } = await early.send()
      const { acceptedAt } = (await early.mailroom.get(id)) ?? {}
      const isOld = (): boolean => Date.now() - Number(acceptedAt) > giveUpAfterMs
      await expect.poll(isOld, { timeout: 10_000 }).toBe(true)
      return id
    })()
    await using _server = await startSmtpServer({ port })
    await using late = await openRoom(at, { port }, { retry })
    expect(await late.settled(sent)).toMatchObject({ state: 'delivered', attempts: 1 })
  })
})
