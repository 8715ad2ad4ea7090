import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from './mail-room.ts'

const basic = (file: string) => ({
  method: 'basic',
  user: 'app',
  password: `\${file:${file}}`,
  allowInsecureAuth: true,
})

describeServers('health', (place) => {
  test('a password that changes while sessions work costs one login', async () => {
    const users: Record<string, string> = { app: 'right' }
    await using server = await startSmtpServer({ users, beforeReply: () => delay(20) })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await writeFile(file, 'right')
    const limits = { sessions: 4, messagesPerSession: 5 }
    await using room = await openRoom(place(), { port: server.port, auth: basic(file), limits })
    const first = await Promise.all(Array.from({ length: 8 }, () => room.send()))
    for (const { id } of first) await room.settled(id)
    const logins = server.logins

    users['app'] = 'changed'
    const later = await Promise.all(Array.from({ length: 60 }, () => room.send()))
    await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'account' }])
    await expect.poll(async () => (await room.mailroom.status('relay')).active).toBe(0)
    // Each of the sessions may have asked for its successor before the first answer came.
    expect(server.logins - logins).toBeLessThanOrEqual(4)
    expect(room.told('resumed')).toEqual([])

    await writeFile(file, 'changed')
    for (const { id } of later) expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(room.told('parked')).toHaveLength(1)
  })

  test('an account that is throttled stays so, whatever was on its way', async () => {
    const slow = Promise.withResolvers<void>()
    let isHeld = false
    await using server = await startSmtpServer({
      beforeReply: () => (isHeld ? slow.promise : Promise.resolve()),
      refuseRecipient: (address) =>
        address.startsWith('rate')
          ? { code: 452, text: '4.7.0 too many messages per hour' }
          : undefined,
    })
    await using room = await openRoom(place(), { port: server.port, limits: { sessions: 2 } })
    await room.settled((await room.send()).id)
    isHeld = true
    const onItsWay = await room.send()
    await expect.poll(() => server.mails.length).toBe(2)
    await room.send({ to: 'rate@example.org' })
    await expect.poll(() => room.told('throttled')).toHaveLength(1)
    slow.resolve()
    await room.settled(onItsWay.id)
    expect(await room.worker.readiness()).toEqual({ ready: true, parked: ['relay'], delayed: [] })
    expect(room.told('resumed')).toEqual([])
  })

  test.for<[answer: string, problem: string]>([
    ['530 5.7.57 Client not authenticated to send mail', 'mail.login-needed'],
    ['535 5.7.3 Authentication unsuccessful', 'mail.account-refused'],
  ])('"%s" to the sender parks with what to do', async ([answer, problem]) => {
    await using server = await startScriptedServer({ MAIL: answer })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send()
    await expect
      .poll(() => room.told('parked'))
      .toMatchObject([
        { blames: 'account', stage: 'mail', problem, advice: expect.stringMatching(/`auth`/) },
      ])
    await expect.poll(() => room.told('deferred')).toMatchObject([{ id, stage: 'mail', problem }])
  })

  test('only a login ends a pause, not a session from before it', async () => {
    await using server = await startSmtpServer({
      refuseRecipient: (address) =>
        address.startsWith('rate')
          ? { code: 452, text: '4.7.0 too many messages per hour' }
          : undefined,
    })
    const circuit = { firstDelayMs: 50, maxDelayMs: 100, throttleDelayMs: 200 }
    await using room = await openRoom(place(), { port: server.port }, { circuit })
    await room.settled((await room.send()).id)
    expect(server.connections).toBe(1)
    await room.send({ to: 'rate@example.org' })
    await expect.poll(() => room.told('throttled')).toHaveLength(1)
    await expect.poll(() => room.told('resumed')).toHaveLength(1)
    expect(server.connections).toBe(2)
  })

  test('a new password lets sessions of the old one finish what they have begun', async () => {
    const users: Record<string, string> = { app: 'right' }
    const slow = Promise.withResolvers<void>()
    let replies = 0
    const beforeReply = (): Promise<void> => (replies++ === 0 ? slow.promise : Promise.resolve())
    await using server = await startSmtpServer({ users, beforeReply })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await writeFile(file, 'right')
    const limits = { sessions: 2 }
    await using room = await openRoom(place(), { port: server.port, auth: basic(file), limits })
    const slowOne = await room.send()
    await expect.poll(() => server.mails.length).toBe(1)
    users['app'] = 'new'
    const other = await room.send()
    await expect.poll(() => room.told('parked')).toHaveLength(1)
    await writeFile(file, 'new')
    expect(await room.settled(other.id)).toMatchObject({ state: 'delivered' })
    slow.resolve()
    expect(await room.settled(slowOne.id)).toMatchObject({ state: 'delivered' })
    expect(server.mails).toHaveLength(2)
  })

  test('an idle session that has died costs no message an attempt', async () => {
    await using server = await startScriptedServer({
      GREETING: ['220 hi', '421 4.3.2 not now', '220 hi again'],
      MAIL: ['250 ok', { say: '', after: 'close' }, '250 ok'],
    })
    await using room = await openRoom(place(), { port: server.port, limits: { sessions: 1 } })
    await room.settled((await room.send()).id)
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(room.told('deferred')).toEqual([])
  })
})
