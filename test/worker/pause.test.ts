import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { openHealthChanges } from '../../src/fleet/health-changes.ts'
import { openPauses, type Pauses } from '../../src/fleet/pauses.ts'
import { openStore } from '../../src/store/open.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom, type Room } from './mail-room.ts'

interface Operator extends Pauses, AsyncDisposable {
  /** Whether the store knows that a manager cannot be used. */
  sees(manager: string): Promise<boolean>
}

async function openOperator({ queue, prefix, schema }: TestStore): Promise<Operator> {
  const store = await openStore(queue, {
    patience: 'wait',
    prefix,
    schema,
    allowUnsafeStore: true,
    migrate: true,
  })
  const health = openHealthChanges(store)
  return {
    ...openPauses(store),
    sees: async (manager) => (await health.all()).get(manager)?.parkedSince !== undefined,
    [Symbol.asyncDispose]: () => store.close(),
  }
}

async function waiting({ mailroom }: Room): Promise<number> {
  const { waiting: jobs, active, delayed } = await mailroom.status('relay')
  return active === 0 && delayed === 0 ? jobs : -1
}

describeServers('a pause of a connection manager', (place) => {
  test('what runs is delivered, what waits stays and costs nothing, until it is resumed', async () => {
    const answer = Promise.withResolvers<void>()
    let isSlow = true
    await using server = await startSmtpServer({
      beforeReply: () => (isSlow ? answer.promise : Promise.resolve()),
    })
    const at = place()
    await using operator = await openOperator(at)
    await using room = await openRoom(at, { port: server.port, limits: { sessions: 1 } })
    const running = await room.send()
    await expect.poll(() => server.mails).toHaveLength(1)
    const later = [await room.send(), await room.send()]

    await operator.pause('relay', 'asked by ann@example.org: rack 4')
    await expect.poll(() => room.told('paused')).toMatchObject([{ manager: 'relay' }])
    isSlow = false
    answer.resolve()
    expect(await room.settled(running.id)).toMatchObject({ state: 'delivered' })
    await expect.poll(() => waiting(room)).toBe(2)
    expect(await room.worker.readiness()).toEqual({ ready: true, parked: ['relay'], delayed: [] })
    expect(server.mails).toHaveLength(1)

    await operator.resume('relay')
    for (const { id } of later) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
    expect(room.told('pause-ended')).toMatchObject([{ manager: 'relay' }])
    expect(room.told('handed-back')).toEqual([])
    expect(await room.worker.readiness()).toEqual({ ready: true, parked: [], delayed: [] })
  })

  test('a worker that starts meanwhile takes nothing, and every worker hears of the end', async () => {
    await using server = await startSmtpServer()
    const at = place()
    await using operator = await openOperator(at)
    await operator.pause('relay', 'rack 4')
    await using room = await openRoom(at, { port: server.port })
    await using other = await openRoom(at, { port: server.port })
    const mails = await Promise.all(Array.from({ length: 6 }, () => room.send()))
    expect(room.told('paused')).toMatchObject([{ reason: 'rack 4' }])
    expect(other.told('paused')).toHaveLength(1)
    await expect.poll(() => waiting(room)).toBe(6)
    expect(server.connections).toBe(0)

    await operator.resume('relay')
    for (const { id } of mails) expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect.poll(() => other.told('pause-ended')).toHaveLength(1)
  })

  test('mail does not age by pauses, also by those from before its worker', async () => {
    await using server = await startSmtpServer()
    const at = place()
    await using operator = await openOperator(at)
    await operator.pause('relay')
    await using idle = await openRoom(at, { port: server.port }, { starts: false })
    const { id } = await idle.send()
    const { acceptedAt } = (await idle.mailroom.get(id)) ?? {}
    const giveUpAfterMs = 1_500
    const isOld = (): boolean => Date.now() - Number(acceptedAt) > giveUpAfterMs
    await expect.poll(isOld, { timeout: 5_000 }).toBe(true)
    await operator.resume('relay')
    await operator.pause('relay')

    const retry = { giveUpAfterMs, firstDelayMs: 50, maxDelayMs: 100 }
    await using room = await openRoom(at, { port: server.port }, { retry })
    await operator.resume('relay')
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  })

  test('a resume tries a refused password again at once, paused or not', async () => {
    const users: Record<string, string> = { app: 'right' }
    await using server = await startSmtpServer({ users })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await writeFile(file, 'wrong')
    const auth = {
      method: 'basic',
      user: 'app',
      password: `\${file:${file}}`,
      allowInsecureAuth: true,
    }
    const at = place()
    await using operator = await openOperator(at)
    // The next look by itself would be in a minute.
    await using room = await openRoom(at, { port: server.port, auth })
    const { id } = await room.send()
    await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'account' }])
    // What is found out later than the resume is not undone by it.
    await expect.poll(() => operator.sees('relay')).toBe(true)
    const logins = server.logins
    users['app'] = 'wrong'
    await operator.resume('relay')
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(server.logins).toBe(logins + 1)
    expect(room.told('pause-ended')).toEqual([])
  })

  test('a manager that cannot be used is not asked while it is paused', async () => {
    const users: Record<string, string> = {}
    await using server = await startSmtpServer({ users })
    const auth = { method: 'basic', user: 'app', password: 'right', allowInsecureAuth: true }
    const at = place()
    const circuit = { firstDelayMs: 20, maxDelayMs: 20, authDelayMs: 20 }
    await using operator = await openOperator(at)
    await using room = await openRoom(at, { port: server.port, auth }, { circuit })
    const { id } = await room.send()
    await expect.poll(() => server.logins).toBeGreaterThan(2)
    await operator.pause('relay')
    await expect.poll(() => room.told('paused')).toHaveLength(1)
    // A login that was under way ends; without the pause five would follow between two looks.
    let logins = 0
    const look = (): readonly number[] => {
      const before = logins
      logins = server.logins
      return [server.open, logins - before]
    }
    await expect.poll(look, { interval: 100 }).toEqual([0, 0])
    users['app'] = 'right'
    await operator.pause('relay', 'still')
    await expect.poll(() => room.told('paused')).toHaveLength(2)
    expect(server.logins).toBe(logins)
    await operator.resume('relay')
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  })
})
