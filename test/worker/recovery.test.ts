import { describe, expect, test } from 'vitest'

import { createMailroom, createWorker, type WorkerEvent } from '../../src/index.ts'
import { describePostgres } from '../support/postgres.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { describeRedis } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { FAST } from './mail-room.ts'

const NAMES = Array.from({ length: 50 }, (_, at) => `name-${at}`)
/** A thousand connections of a new server, on a machine that has much else to do. */
const PATIENT = { timeout: 120_000 }
const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }

/** A store that can be killed, and brought back with its data. */
interface Killable extends AsyncDisposable {
  readonly queue: string
  kill(): Promise<void>
  restart(): Promise<void>
}

describeRedis('a worker of many names whose Redis is killed', () => {
  testRecovery(async () => {
    const server = await startRedis()
    return Object.assign(server, { queue: server.url })
  })
})

describePostgres('a worker of many names whose Postgres is killed', () => {
  testRecovery(async () => {
    const server = await startPostgres()
    return Object.assign(server, { queue: server.locate('mailroom_owner') })
  })
})

function testRecovery(start: () => Promise<Killable>): void {
  describe('under load', () => {
    test('delivers mail of every name again when it is back', async () => {
      await using store = await start()
      await using server = await startSmtpServer()
      const manager = { server: '127.0.0.1', port: server.port, tls: 'none' as const }
      const connections = Object.fromEntries(NAMES.map((name) => [name, manager]))
      const config = { queue: store.queue, connections }
      const delivered = new Map<string, string[]>()
      const emit = (event: WorkerEvent): void => {
        if (event.event !== 'delivered') return
        delivered.set(event.connection, [...(delivered.get(event.connection) ?? []), event.id])
      }
      await using worker = createWorker(config, { ...FAST, emit, migrate: true })
      await worker.start()
      await using mailroom = createMailroom(config)
      const mails = NAMES.flatMap((connection) =>
        Array.from({ length: 4 }, () => ({ connection, message: MESSAGE })),
      )
      await mailroom.sendMany(mails)
      await expect.poll(() => delivered.size, PATIENT).toBeGreaterThan(NAMES.length / 2)
      await store.kill()
      await store.restart()

      const late = (connection: string) =>
        mailroom.send({ connection, message: MESSAGE, options: { idempotencyKey: connection } })
      for (const connection of NAMES) {
        await expect
          .poll(() => late(connection).catch((error: unknown) => error))
          .toHaveProperty('id')
        const { id } = await late(connection)
        expect(await mailroom.untilSettled(id)).toMatchObject({ state: 'delivered' })
        // The ledger knows before the worker that told it hears so.
        await expect.poll(() => delivered.get(connection)).toContain(id)
      }
    })
  })
}
