import { expect, test } from 'vitest'

import { createMailroom } from '../../src/index.ts'
import { describePostgres } from '../support/postgres.ts'
import { copiesOf } from '../support/postgres-copies.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import type { TestStore } from '../support/stores.ts'
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts'

const WORKERS = 8
const PER_SECOND = 50
const BURST = 10
const MANY = 100
const SESSIONS = 2 * WORKERS
/** Many processes start at once. */
const PATIENT = { timeout: 150_000, interval: 50 }

/** How many too many had begun at any time after `since`, when all of the burst was there. */
function tooMany(at: readonly number[], since: number): number {
  const over = at.map((to, index) => index + 1 - BURST - ((to - since) * PER_SECOND) / 1_000)
  return Math.max(0, ...over)
}

/**
 * The same for every span that begins with a transaction. However slow the machine is, no more than one
 * message of each session had its turn before that and comes only now.
 */
function tooManyInAnySpan(at: readonly number[]): number {
  return Math.max(0, ...at.map((from, first) => tooMany(at.slice(first), from) - SESSIONS))
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const since = performance.now()
  await work()
  return performance.now() - since
}

type Config = Parameters<typeof createMailroom>[0]

async function enqueue(config: Config, connection: string, count: number): Promise<void> {
  await using mailroom = createMailroom(config)
  const message = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }
  await mailroom.sendMany(Array.from({ length: count }, () => ({ connection, message })))
}

const hasStarted = ({ events }: WorkerProcess): boolean =>
  events.some(({ event }) => event === 'worker-started')

function describeFleet(place: () => TestStore): void {
  test('eight processes begin no more in any span than the rate and a burst, and use the rate', async () => {
    /** When transactions began, as their server saw it. */
    const seen: number[] = []
    const refuseRecipient = (): undefined => void seen.push(Date.now())
    await using server = await startSmtpServer({ refuseRecipient })
    await using unpaced = await startSmtpServer()
    const rate = { messages: PER_SECOND, per: '1s', burst: BURST }
    const at = { server: '127.0.0.1', tls: 'none' as const }
    const connections = {
      relay: { ...at, port: server.port, limits: { sessions: SESSIONS, rate } },
      free: { ...at, port: unpaced.port, limits: { sessions: SESSIONS } },
    }
    const config = { ...place(), connections }
    const deliver = async (connection: string, mails: readonly unknown[]): Promise<void> => {
      const until = mails.length + MANY
      await enqueue(config, connection, MANY)
      await expect.poll(() => mails.length, PATIENT).toBe(until)
    }
    await using workers = new AsyncDisposableStack()
    const start = (): WorkerProcess => workers.use(startWorkerProcess(config))
    const fleet = Array.from({ length: WORKERS }, start)
    await expect.poll(() => fleet.every(hasStarted), PATIENT).toBe(true)
    const coldSince = Date.now()
    await deliver('relay', server.mails)
    expect(tooMany(seen, coldSince)).toBe(0)

    const usesTheRate = async (): Promise<boolean> => {
      const freeMs = await timeOf(() => deliver('free', unpaced.mails))
      const pacedMs = await timeOf(() => deliver('relay', server.mails))
      const dueMs = ((MANY - BURST) * 1_000) / PER_SECOND
      // What the same workers need without a rate tells how busy the machine is.
      return pacedMs < 1.5 * dueMs + 2 * freeMs
    }
    // Others may begin to use the machine in between, but not always.
    await expect.poll(usesTheRate, PATIENT).toBe(true)

    const burstMs = (BURST * 1_000) / PER_SECOND
    await expect.poll(() => Date.now() - (seen.at(-1) ?? 0)).toBeGreaterThan(2 * burstMs)
    const rested = { since: Date.now(), at: seen.length }
    await enqueue(config, 'relay', MANY)
    await expect.poll(() => seen.length, PATIENT).toBeGreaterThan(rested.at + 2 * BURST)
    await fleet[0]?.kill()
    const late = start()
    await expect.poll(() => hasStarted(late), PATIENT).toBe(true)
    // What the killed one had in its hands comes later, or nobody knows what became of it.
    await expect
      .poll(() => server.mails.length, PATIENT)
      .toBeGreaterThan(rested.at + MANY - SESSIONS)
    expect(tooMany(seen.slice(rested.at), rested.since)).toBe(0)
    expect(tooManyInAnySpan(seen)).toBe(0)
  }, 300_000)
}

describeRedis('the rate of many processes on Redis', (queue) => {
  describeFleet(() => ({ queue, prefix: uniquePrefix(), schema: 'unused' }))
})

describePostgres('the rate of many processes on Postgres', (server) => {
  const copy = copiesOf(server)
  describeFleet(() => ({ ...copy(), prefix: uniquePrefix() }))
})
