import { expect, test } from 'vitest'

import { openHealthChanges } from '../../src/fleet/health-changes.ts'
import { openPauses } from '../../src/fleet/pauses.ts'
import type { WorkerEvent } from '../../src/index.ts'
import { openPlace } from '../fleet/open-health.ts'
import { describePostgres } from '../support/postgres.ts'
import { copiesOf } from '../support/postgres-copies.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import type { TestStore } from '../support/stores.ts'
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts'
import { FAST, openRoom, type Room } from './mail-room.ts'

const WORKERS = 3
const PATIENT = { timeout: 120_000 }
/** Nothing that is looked up, and no probe that lapses, wakes anybody within the test. */
const BY_NOTICE_ALONE = { looksEveryMs: 600_000, leaseMs: 600_000 }

/** How many of the workers were told so. */
function countOf(workers: readonly WorkerProcess[], event: WorkerEvent['event']): number {
  return workers.filter(({ events }) => events.some((told) => told.event === event)).length
}

interface Fleet extends AsyncDisposable {
  readonly workers: readonly WorkerProcess[]
}

function startFleet(place: TestStore, relay: unknown): Fleet {
  const stack = new AsyncDisposableStack()
  const config = { ...place, connections: { relay } } as Parameters<typeof startWorkerProcess>[0]
  const hooks = { ...FAST, ...BY_NOTICE_ALONE }
  const workers = Array.from({ length: WORKERS }, () =>
    stack.use(startWorkerProcess(config, hooks)),
  )
  return { workers, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** A room whose own worker does not start. */
function openOffice(place: TestStore, port: number): Promise<Room> {
  return openRoom(place, { port }, { starts: false })
}

function describeRecovery(newPlace: () => TestStore): void {
  test('a login that works again is known to all when an operator has one ask', async () => {
    const place = newPlace()
    const users: Record<string, string> = { app: 'other' }
    await using server = await startSmtpServer({ users })
    const auth = { method: 'basic', user: 'app', password: 'mine', allowInsecureAuth: true }
    const { port } = server
    const relay = { server: '127.0.0.1', port, tls: 'none', auth, limits: { sessions: WORKERS } }
    await using office = await openOffice(place, port)
    const { id } = await office.send()
    await using store = await openPlace(place)
    {
      await using early = startFleet(place, relay)
      await expect.poll(() => countOf(early.workers, 'parked'), PATIENT).toBe(WORKERS)
      await Promise.all(early.workers.map((worker) => worker.stop()))
    }
    users['app'] = 'mine'
    await using fleet = startFleet(place, relay)
    await expect.poll(() => countOf(fleet.workers, 'parked'), PATIENT).toBe(WORKERS)
    expect(server.logins, 'who starts later knows what the others found').toBe(1)
    await openHealthChanges(store).mend('relay')
    await openPauses(store).resume('relay')
    await expect.poll(() => countOf(fleet.workers, 'resumed'), PATIENT).toBe(WORKERS)
    expect(await office.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
  }, 300_000)
}

describeRedis('the recovery of many processes on Redis', (queue) => {
  describeRecovery(() => ({ queue, prefix: uniquePrefix(), schema: 'unused' }))
})

describePostgres('the recovery of many processes on Postgres', (server) => {
  const copy = copiesOf(server)
  describeRecovery(() => ({ ...copy(), prefix: uniquePrefix() }))
})
