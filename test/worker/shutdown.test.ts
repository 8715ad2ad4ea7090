import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores } from '../support/stores.ts'
import { FAST, openRoom } from './mail-room.ts'

describeStores('shutdown', (place) => {
  test('what is in flight is finished, and nothing more is taken', async () => {
    const replies = Promise.withResolvers<void>()
    await using server = await startSmtpServer({ beforeReply: () => replies.promise })
    await using room = await openRoom(place(), { port: server.port, limits: { sessions: 1 } })
    const sent = await Promise.all(Array.from({ length: 5 }, () => room.send()))
    await expect.poll(async () => (await room.mailroom.status('relay')).active).toBe(1)
    await expect.poll(() => server.mails.length).toBe(1)

    const stopped = room.worker.stop(10_000)
    expect(room.worker.stop()).toBe(stopped)
    replies.resolve()
    await stopped
    expect(server.mails).toHaveLength(1)
    const states = await Promise.all(sent.map(({ id }) => room.mailroom.get(id)))
    expect(states.map((record) => record?.state ?? '').toSorted()).toEqual([
      'delivered',
      ...Array.from({ length: 4 }, () => 'queued'),
    ])
    expect(await room.mailroom.status('relay')).toMatchObject({ waiting: 4, active: 0 })
    expect(room.told('worker-stopped')).toHaveLength(1)
  })

  test('what has not sent its final dot by the deadline is handed back and costs nothing', async () => {
    await using server = await startScriptedServer({ DATA: { after: 'silence' } })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send()
    await expect.poll(() => server.commands).toContain('DATA')
    await room.worker.stop(100, 5_000)
    expect(room.told('worker-stopped')).toMatchObject([{ handedBack: 1 }])
    expect(await room.mailroom.get(id)).toMatchObject({ attempts: 0 })
    expect(await room.mailroom.status('relay')).toMatchObject({ waiting: 1, active: 0 })
    expect(server.dots).toBe(0)
  })

  test('idle sessions end with QUIT', async () => {
    await using server = await startScriptedServer()
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send()
    await room.settled(id)
    await room.worker.stop()
    expect(server.commands.at(-1)).toBe('QUIT')
    await expect.poll(() => server.open).toBe(0)
  })

  test('stopping a worker that never started, or twice, is fine', async () => {
    await using room = await openRoom(place(), { port: 2525 }, { starts: false })
    expect(await room.worker.readiness()).toEqual({ ready: false, reason: 'not started' })
    await room.worker.stop()
    await room.worker.stop()
    expect(await room.worker.readiness()).toEqual({ ready: false, reason: 'stopped' })
  })

  test('a stop ends within its deadline and its grace, and tells nothing afterwards', async () => {
    await using server = await startScriptedServer({ DOT: { after: 'silence' } })
    await using room = await openRoom(place(), { port: server.port })
    await room.send()
    await expect.poll(() => server.dots).toBe(1)
    const startedAt = performance.now()
    await room.worker.stop(100, 1_500)
    // The answer itself would be waited for ten minutes.
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(room.events.at(-1)).toMatchObject({ event: 'worker-stopped' })
  })

  test('a process that is stopped while it looks for its server ends', async () => {
    await using server = await startScriptedServer({
      GREETING: ['421 4.3.2 not now', { say: '', after: 'silence' }],
    })
    const at = place()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await room.send()
    const relay = { server: '127.0.0.1', port: server.port, tls: 'none' }
    const options = { config: { ...at, connections: { relay } }, hooks: FAST }
    const program = join(import.meta.dirname, '../main-job/programs/worker.ts')
    const worker = fork(program, [JSON.stringify(options)])
    const gone = once(worker, 'exit')
    try {
      await expect.poll(() => server.connections, { timeout: 150_000 }).toBe(2)
      worker.kill('SIGTERM')
      await gone
      expect(worker.exitCode).toBe(0)
    } finally {
      worker.kill('SIGKILL')
    }
  })

  test('a job that waits for a login goes back at once', async () => {
    await using server = await startScriptedServer({ GREETING: { after: 'silence' } })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send()
    await expect.poll(() => server.connections).toBe(1)
    const startedAt = performance.now()
    await room.worker.stop(50_000)
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(await room.mailroom.get(id)).toMatchObject({ state: 'queued', attempts: 0 })
    expect(await room.mailroom.status('relay')).toMatchObject({ waiting: 1, active: 0 })
  })

  test('quiet counts also while the worker still starts', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port }, { starts: false })
    const starting = room.worker.start()
    room.worker.quiet()
    await starting
    expect(await room.worker.readiness()).toMatchObject({ ready: false })
    await room.send()
    // A fetch that was under way may take it, and brings it back.
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 1, active: 0 })
    expect(server.mails).toEqual([])
  })

  test('a start that failed fails again', async () => {
    const auth = { method: 'basic', user: 'app', password: '${env:NOBODY_SETS_THIS}' }
    const tls = 'starttls'
    await using room = await openRoom(
      place(),
      { port: 2525, auth, tls },
      { starts: false, env: {} },
    )
    await expect(room.worker.start()).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' })
    await expect(room.worker.start()).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' })
  })

  test('a quiet worker says that it is not ready, and takes nothing', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    expect(await room.worker.readiness()).toEqual({ ready: true, parked: [], delayed: [] })
    room.worker.quiet()
    expect(await room.worker.readiness()).toMatchObject({ ready: false })
    await room.send()
    // A fetch that was under way may take it, and brings it back.
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 1, active: 0 })
    expect(server.mails).toEqual([])
  })
})
