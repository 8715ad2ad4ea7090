import { expect, test } from 'vitest'

import { createConnections, createMailroom, createWorker } from '../../src/index.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer, type TestSmtpServer } from '../support/smtp-server.ts'
import type { TestStore } from '../support/stores.ts'
import { FAST } from './mail-room.ts'

const LOOPBACK = { server: '127.0.0.1', tls: 'none' as const }

const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }

/** A manager with two sessions that logs in. */
const relayAt = ({ port }: TestSmtpServer, user: string, password: string) => ({
  ...LOOPBACK,
  port,
  limits: { sessions: 2 },
  auth: { method: 'basic' as const, user, password, allowInsecureAuth: true },
})

describeRedis('a worker whose connection manager changes', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('stays with a password that was put back while another was still being read', async () => {
    const users: Record<string, string> = {}
    await using server = await startSmtpServer({ users })
    const { connections } = createConnections({ relay: relayAt(server, 'app', 'p') })
    const { connections: others } = createConnections({ relay: relayAt(server, 'other', 'p') })
    const read = Promise.withResolvers<void>()
    let asked = 0
    const slow: typeof connections = {
      ...connections,
      resolve: async (name, options) => {
        asked += 1
        // The refused login looks whether another password holds by now.
        if (asked !== 3) return connections.resolve(name, options)
        await read.promise
        return others.resolve(name, options)
      },
    }
    const at = place()
    await using mailroom = createMailroom({ ...at, connections })
    const circuit = { firstDelayMs: 50, maxDelayMs: 100, authDelayMs: 100 }
    await using worker = createWorker({ ...at, connections: slow }, { ...FAST, circuit })
    await worker.start()
    const { id } = await mailroom.send({ connection: 'relay', message: MESSAGE })
    await expect.poll(() => asked).toBe(3)
    users['app'] = 'p'
    users['other'] = 'p'
    expect(await worker.reconfigure()).toMatchObject({ changed: [] })
    read.resolve()
    expect(await mailroom.untilSettled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails.map(({ user }) => user)).toEqual(['app'])
  })
})
