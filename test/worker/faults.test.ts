import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { freePort } from '../support/free-port.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from './mail-room.ts'

describeServers('faults', (place) => {
  test('a wrong password costs one login and no message anything, until it is mended', async () => {
    await using server = await startSmtpServer({ users: { app: 'right' } })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await writeFile(file, 'wrong\n')
    const auth = {
      method: 'basic',
      user: 'app',
      password: `\${file:${file}}`,
      allowInsecureAuth: true,
    }
    await using room = await openRoom(place(), { port: server.port, auth })
    const sent = await Promise.all(Array.from({ length: 10 }, () => room.send()))
    await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'account', code: 535 }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 10, dead: 0 })
    expect(server.logins).toBe(1)

    await writeFile(file, 'right\n')
    for (const { id } of sent) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
    expect(room.told('resumed')).toHaveLength(1)
    expect(server.mails).toHaveLength(10)
    expect(JSON.stringify(room.events)).not.toMatch(/wrong|right|ann@example/)
  })

  test('a server that is away parks the name, and its mail flows when it is back', async () => {
    const port = await freePort()
    await using room = await openRoom(place(), { port })
    const sent = await Promise.all(Array.from({ length: 5 }, () => room.send()))
    await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'manager' }])
    expect(await room.worker.readiness()).toEqual({ ready: true, parked: ['relay'], delayed: [] })

    await using server = await startSmtpServer({ port })
    for (const { id } of sent) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
    expect(server.mails).toHaveLength(5)
    expect(room.told('deferred')).toEqual([])
  })

  test('why a manager cannot be used is told in words', async () => {
    await using server = await startScriptedServer({ STARTTLS: '500 what?' })
    const relay = { port: server.port, tls: 'starttls' }
    await using room = await openRoom(place(), relay)
    await room.send()
    await expect
      .poll(() => room.told('parked'))
      .toMatchObject([{ reason: expect.stringContaining('does not offer STARTTLS') }])
  })

  test('a dead name stops no other', async () => {
    await using server = await startSmtpServer()
    const dead = { server: '127.0.0.1', port: await freePort(), tls: 'none' }
    await using room = await openRoom(place(), { port: server.port }, { others: { dead } })
    const message = { from: 'a@example.com', to: 'b@example.org', text: 'x' }
    const stuck = await room.mailroom.send({ connection: 'dead', message })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(await room.mailroom.get(stuck.id)).toMatchObject({ state: 'queued', attempts: 0 })
  })

  test('no answer to the final dot is uncertain: held, listed, and never sent again', async () => {
    await using server = await startScriptedServer({ DOT: { after: 'close' } })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({
      state: 'uncertain',
      recipients: [{ state: 'uncertain', stage: 'dot' }],
    })
    expect(await room.mailroom.list({ state: 'uncertain' })).toMatchObject({ records: [{ id }] })
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ dead: 1, uncertain: 1 })
    await expect
      .poll(() => room.told('uncertain'))
      .toMatchObject([{ id, recipients: 1, stage: 'dot' }])
  })

  test('a 4yz after the dot is tried again, a 5yz is final, and both name their rule', async () => {
    const answers = [
      { code: 451, text: '4.3.0 Not now' },
      { code: 554, text: '5.6.0 Not this' },
    ]
    await using server = await startSmtpServer({ refuseMessage: () => answers.shift() })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({
      state: 'refused',
      attempts: 2,
      last: { code: 554, status: '5.6.0', stage: 'dot', rule: expect.any(String) },
    })
    await expect
      .poll(() => room.told('deferred'))
      .toMatchObject([{ code: 451, rule: expect.any(String) }])
    await expect
      .poll(() => room.told('refused'))
      .toMatchObject([{ code: 554, reason: expect.stringContaining('554') }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ dead: 1, refused: 1 })
  })

  test('one message that kills every session is delayed while all others flow', async () => {
    await using server = await startSmtpServer({
      refuseMessage: ({ to }) =>
        to[0]?.startsWith('poison') ? { code: 421, text: 'bye' } : undefined,
    })
    const retry = { firstDelayMs: 50, maxDelayMs: 200, maxBreaks: 1_000 }
    await using room = await openRoom(place(), { port: server.port }, { retry })
    const poison = await room.send({ to: 'poison@example.org' })
    await expect.poll(() => room.told('deferred').length).toBeGreaterThan(1)
    const others = await Promise.all(Array.from({ length: 10 }, () => room.send()))
    for (const { id } of others)
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    // Now and then it is on its next attempt.
    await expect
      .poll(() => room.mailroom.get(poison.id))
      .toMatchObject({ state: 'deferred', recipients: [{ state: 'pending' }] })
    expect(room.told('parked')).toEqual([])
  })

  test('one message that kills every session is set aside in the end', async () => {
    await using server = await startSmtpServer({
      refuseMessage: ({ to }) =>
        to[0]?.startsWith('poison') ? { code: 421, text: 'bye' } : undefined,
    })
    const retry = { firstDelayMs: 20, maxDelayMs: 50, maxBreaks: 3 }
    await using room = await openRoom(place(), { port: server.port }, { retry })
    const poison = await room.send({ to: 'poison@example.org' })
    expect(await room.settled(poison.id)).toMatchObject({
      state: 'refused',
      attempts: 3,
      last: { rule: 'local.set-aside', code: 421, text: expect.stringContaining('3 attempts') },
    })
    await expect.poll(() => room.told('set-aside')).toMatchObject([{ id: poison.id, breaks: 3 }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ dead: 1, refused: 1 })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(room.told('parked')).toEqual([])
  })

  test('a message without any author is refused before it is accepted', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    const message = { to: 'ann@example.org', text: 'x' }
    const sending = room.mailroom.send({ connection: 'relay', message })
    await expect(sending).rejects.toMatchObject({ code: 'INVALID_JOB' })
    await expect(room.mailroom.send({ connection: 'unknown', message })).rejects.toMatchObject({
      code: 'UNKNOWN_CONNECTION',
    })
  })
})
