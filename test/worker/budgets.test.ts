import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { createMailroom } from '../../src/index.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import type { TestStore } from '../support/stores.ts'
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts'

const MANY = 5_000
const SESSIONS = 20

/** Short enough for tests, in the proportions of the defaults. */
const HOOKS = { leaseMs: 3_000, lockMs: 2_000, stalledCheckMs: 500 }

function configOf(store: TestStore, port: number, limits: Readonly<Record<string, unknown>>) {
  return {
    ...store,
    connections: { relay: { server: '127.0.0.1', port, tls: 'none' as const, limits } },
  }
}

async function enqueue(config: ReturnType<typeof configOf>, count: number): Promise<void> {
  await using mailroom = createMailroom(config)
  const message = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }
  const mails = Array.from({ length: count }, () => ({ connection: 'relay' as const, message }))
  await mailroom.sendMany(mails, { chunkSize: 500 })
}

/** A server that takes its time, so that as many sessions are busy as there are. */
const beforeReply = (): Promise<void> => sleep(30)

const isBusy = (worker: WorkerProcess): boolean => worker.delivered() > 5

const hasStarted = ({ events }: WorkerProcess): boolean =>
  events.some(({ event }) => event === 'worker-started')

describeRedis('workers in processes of their own', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('have as many sessions together as the manager allows and never more, also when some are killed', async () => {
    await using server = await startSmtpServer({ beforeReply })
    const config = configOf(place(), server.port, { sessions: SESSIONS })
    await using workers = new AsyncDisposableStack()
    const start = (): WorkerProcess => workers.use(startWorkerProcess(config, HOOKS))
    const early = Array.from({ length: 8 }, start)
    await expect.poll(() => early.every(hasStarted)).toBe(true)
    await enqueue(config, MANY)
    await expect.poll(() => early.every(isBusy)).toBe(true)
    await expect.poll(() => server.open, { interval: 5 }).toBe(SESSIONS)

    await Promise.all(early.slice(0, 2).map((worker) => worker.kill()))
    const late = [start(), start()]
    await expect.poll(() => late.every(isBusy)).toBe(true)
    await expect.poll(() => server.open, { interval: 5 }).toBe(SESSIONS)
    expect(server.mostOpen).toBe(SESSIONS)
  })

  test('use what a frozen one leased, and that one closes its sessions when it wakes', async () => {
    await using server = await startSmtpServer({ beforeReply })
    const config = configOf(place(), server.port, { sessions: 4 })
    await using frozen = startWorkerProcess(config, HOOKS)
    await using awake = startWorkerProcess(config, HOOKS)
    await expect.poll(() => hasStarted(frozen) && hasStarted(awake)).toBe(true)
    await enqueue(config, MANY)
    await expect.poll(() => Math.min(frozen.delivered(), awake.delivered())).toBeGreaterThan(5)
    await expect.poll(() => server.open, { interval: 5 }).toBe(4)
    frozen.freeze()
    // The connections of a frozen process stay where they are.
    await expect.poll(() => server.open, { interval: 5 }).toBe(6)
    const before = frozen.delivered()
    frozen.thaw()
    await expect.poll(() => server.open, { interval: 5 }).toBe(4)
    await expect.poll(() => frozen.delivered()).toBeGreaterThan(before + 5)
    expect(server.mostOpen).toBe(6)
  })
})
