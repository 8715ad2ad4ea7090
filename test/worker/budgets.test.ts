import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { createMailroom } from '../../src/index.ts'
import { keepMailWaiting } from '../support/mail-flow.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import type { TestStore } from '../support/stores.ts'
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts'

const SESSIONS = 20

/** Short enough for tests, in the proportions of the defaults. */
const HOOKS = { leaseMs: 3_000, lockMs: 2_000, stalledCheckMs: 500 }

/** Ten at once, and one every 25 ms. */
const RATE = { messages: 40, per: '1s', burst: 10 }
const PACED = 160

interface Relay {
  readonly port: number
  readonly limits: Readonly<Record<string, unknown>>
}

function configOf(store: TestStore, relays: Readonly<Record<string, Relay>>) {
  const connections = Object.fromEntries(
    Object.entries(relays).map(([name, relay]) => [
      name,
      { server: '127.0.0.1', tls: 'none' as const, ...relay },
    ]),
  )
  return { ...store, connections }
}

async function enqueue(config: ReturnType<typeof configOf>, connection: string): Promise<void> {
  await using mailroom = createMailroom(config)
  const message = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }
  await mailroom.sendMany(Array.from({ length: PACED }, () => ({ connection, message })))
}

/** Many processes start at once, perhaps on a machine that has much else to do. */
const PATIENT = { timeout: 100_000 }
const VERY_PATIENT_MS = 240_000

/** A server that takes its time, so that as many sessions are busy as there are. */
const beforeReply = (): Promise<void> => sleep(30)

const isBusy = ({ events }: WorkerProcess): boolean =>
  events.filter((told) => told.event === 'delivered' && told.connection === 'relay').length > 5

const hasStarted = ({ events }: WorkerProcess): boolean =>
  events.some(({ event }) => event === 'worker-started')

describeRedis('workers in processes of their own', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test(
    'keep together to the sessions and to the rate of a manager and reach both, also when some are killed',
    async () => {
      const at: number[] = []
      const note = (): Promise<void> => {
        at.push(Date.now())
        return Promise.resolve()
      }
      await using server = await startSmtpServer({ beforeReply })
      await using paced = await startSmtpServer({ beforeReply: note })
      const config = configOf(place(), {
        relay: { port: server.port, limits: { sessions: SESSIONS } },
        paced: { port: paced.port, limits: { sessions: SESSIONS, rate: RATE } },
      })
      await using workers = new AsyncDisposableStack()
      const start = (): WorkerProcess => workers.use(startWorkerProcess(config, HOOKS))
      const early = Array.from({ length: 8 }, start)
      await expect.poll(() => early.every(hasStarted), PATIENT).toBe(true)
      const startedAt = Date.now()
      await enqueue(config, 'paced')
      await expect.poll(() => paced.mails.length).toBe(PACED)
      for (const [index, moment] of at.entries()) {
        expect(moment, `message ${index + 1}`).toBeGreaterThanOrEqual(startedAt + (index - 9) * 25)
      }

      await using _mail = keepMailWaiting(config, 'relay')
      await expect.poll(() => early.every(isBusy)).toBe(true)
      await expect.poll(() => server.open, { interval: 5 }).toBe(SESSIONS)
      await Promise.all(early.slice(0, 2).map((worker) => worker.kill()))
      const late = [start(), start()]
      await expect.poll(() => late.every(isBusy), PATIENT).toBe(true)
      await expect.poll(() => server.open, { interval: 5 }).toBe(SESSIONS)
      expect(server.mostOpen).toBe(SESSIONS)
    },
    VERY_PATIENT_MS,
  )

  test(
    'use what a frozen one leased, and that one closes its sessions when it wakes',
    async () => {
      await using server = await startSmtpServer({ beforeReply })
      const config = configOf(place(), { relay: { port: server.port, limits: { sessions: 4 } } })
      await using frozen = startWorkerProcess(config, HOOKS)
      await using awake = startWorkerProcess(config, HOOKS)
      await expect.poll(() => hasStarted(frozen) && hasStarted(awake), PATIENT).toBe(true)
      await using _mail = keepMailWaiting(config, 'relay')
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
    },
    VERY_PATIENT_MS,
  )
})
