import { expect, test } from 'vitest'

import { openRegistry } from '../../src/fleet/registry.ts'
import { openStore } from '../../src/store/open.ts'
import { openProject, startRelay } from '../support/cli-project.ts'
import { jsonLines } from '../support/cli.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'

describeRedis('status', (redis) => {
  test('mail that nobody takes is shown with its age, also of a name that is configured no more', async () => {
    await using project = await openProject(redis, { relay: 1, 'Büro: {Nord}': 1 })
    expect((await project.send()).code).toBe(0)
    expect((await project.send('--connection', 'Büro: {Nord}')).code).toBe(0)
    await project.configure({ connections: { relay: 'smtp://127.0.0.1:1?tls=none' } })
    const shown = await project.run(['status', '--table'])
    expect(shown.out).toMatch(/^relay +1 .* 1 waiting, no worker$/m)
    expect(shown.out).toMatch(
      /^Büro: \{Nord\} +1 .* 1 waiting, no worker; not in the configuration$/m,
    )
    expect(shown.out).toMatch(/\nno worker is alive\n$/)
    const told = await project.run(['status'])
    expect(jsonLines(told.out)).toMatchObject([
      { connection: 'relay', waiting: 1, workers: 0, oldestMs: expect.any(Number) },
      { connection: 'Büro: {Nord}', waiting: 1, workers: 0, oldestMs: expect.any(Number) },
    ])
    const one = await project.run(['status', '--connection', 'Büro: {Nord}'])
    expect(jsonLines(one.out)).toHaveLength(1)
    expect(await project.run(['status', '--connection', 'relais'])).toMatchObject({
      code: 3,
      err: expect.stringContaining('UNKNOWN_CONNECTION'),
    })
  })

  test('who holds the sessions of a manager is shown, and the rate that all keep to', async () => {
    await using relay = await startSmtpServer()
    await using project = await openProject(redis, { relay: relay.port })
    const limits = { sessions: 3, rate: { messages: 600, per: '1m' } }
    const definition = { server: '127.0.0.1', port: relay.port, tls: 'none', limits }
    await project.configure({ prefix: uniquePrefix(), connections: { relay: definition } })
    await using worker = project.startWorker()
    await expect.poll(() => worker.out).toContain('worker-started')
    await project.send()
    await expect.poll(() => worker.out).toContain('"delivered"')
    const { out } = await project.run(['status'])
    expect(jsonLines(out)).toMatchObject([
      { sessions: 3, leases: expect.stringMatching(/^\S+: 3$/), perMinute: 600 },
    ])
    const shown = await project.run(['status', '--table', '--connection', 'relay'])
    expect(shown.out).toMatch(/^\S+ holds 3 sessions of "relay"$/m)
  })

  test('that a server had all workers slow down is told, with the rate of now', async () => {
    const busy = { code: 452, text: '4.7.0 too many messages per hour' }
    await using relay = await startSmtpServer({ refuseRecipient: () => busy })
    await using project = await openProject(redis, { relay: relay.port })
    const limits = { rate: { messages: 600, per: '1m' } }
    const definition = { server: '127.0.0.1', port: relay.port, tls: 'none', limits }
    await project.configure({ prefix: uniquePrefix(), connections: { relay: definition } })
    await using worker = project.startWorker()
    await expect.poll(() => worker.out).toContain('worker-started')
    await project.send()
    await expect.poll(() => worker.out).toContain('"throttled"')
    const { out } = await project.run(['status'])
    const remark = expect.stringContaining('slowed down by its server to 300 a minute, for ')
    expect(jsonLines(out)).toMatchObject([{ perMinute: 300, remark }])
  })

  test('a fleet that is divided shows who serves what, and its versions', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { a: relay.port, b: relay.port })
    const prefix = uniquePrefix()
    await project.configure({ prefix })
    await using worker = project.startWorker('--connections', 'b')
    await expect.poll(() => worker.out).toContain('worker-started')
    await project.send('--connection', 'a')
    const { out } = await project.run(['status'])
    expect(jsonLines(out)).toMatchObject([
      { connection: 'a', waiting: 1, workers: 0, remark: '1 waiting, no worker' },
      { connection: 'b', waiting: 0, workers: 1 },
    ])
    await using store = await openStore(redis, { patience: 'wait', prefix })
    const older = { host: 'h', pid: 1, version: '0.0.9', names: ['a'], startedAt: new Date() }
    await openRegistry(store).beat({ id: 'older', ...older })
    const shown = await project.run(['status', '--table'])
    expect(shown.out).toMatch(
      /\n2 workers are alive: 1 of version \d+\.\d+\.\d+, 1 of version 0\.0\.9\n$/,
    )
    worker.signal('SIGTERM')
    await worker.result
    const after = await project.run(['status', '--table'])
    expect(after.out).toMatch(/\n1 worker is alive, version 0\.0\.9\n$/)
  })
})
