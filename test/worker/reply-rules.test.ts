import { expect, test } from 'vitest'

import { createMailroom, createWorker, type WorkerEvent } from '../../src/index.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { FAST } from './mail-room.ts'

const FULL = { code: 550, text: '5.7.1 come back tomorrow' }
const PATIENCE = {
  name: 'patience',
  when: { code: 550, status: '5.7.*', text: '/back (?:later|tomorrow)/i', stage: 'rcpt' },
  means: { class: 'retry', alert: true },
} as const

function configOf(at: TestStore, port: number, more: object = {}) {
  const relay = { server: '127.0.0.1', port, tls: 'none', from: 'app@example.com' } as const
  return { ...at, connections: { relay: { ...relay, ...more } } }
}

const MAIL = {
  connection: 'relay',
  message: { to: 'ann@example.org', subject: 'Hello', text: 'Hello' },
} as const

describeServers('rules of an operator', (place) => {
  test('a running worker judges by them as soon as they are given', async () => {
    let isFull = true
    await using server = await startSmtpServer({
      refuseRecipient: () => (isFull ? FULL : undefined),
    })
    const config = configOf(place(), server.port)
    const events: WorkerEvent[] = []
    await using mailroom = createMailroom(config)
    await using worker = createWorker(config, { ...FAST, emit: (event) => events.push(event) })
    await worker.start()

    const before = await mailroom.send(MAIL)
    const refused = await mailroom.untilSettled(before.id, { timeoutMs: 20_000 })
    expect(refused).toMatchObject({ state: 'refused', last: { rule: 'enhanced.5.7.1' } })

    expect(await worker.reconfigure({ ...config, rules: [PATIENCE] })).toMatchObject({
      kind: 'applied',
      changed: [],
    })
    const after = await mailroom.send(MAIL)
    const deferred = () => events.find(({ event }) => event === 'deferred')
    await expect.poll(deferred).toMatchObject({
      id: after.id,
      rule: 'user.patience',
      class: 'retry',
      scope: 'recipient',
      alert: true,
    })
    isFull = false
    const delivered = await mailroom.untilSettled(after.id, { timeoutMs: 20_000 })
    expect(delivered).toMatchObject({ state: 'delivered' })
    expect(server.mails).toHaveLength(1)

    const wrong = { ...PATIENCE, when: { text: '/(/' } }
    expect(await worker.reconfigure({ ...config, rules: [wrong] })).toMatchObject({
      kind: 'refused',
      problems: [{ path: ['rules', 0, 'when', 'text'], code: 'INVALID_PATTERN' }],
    })
  })

  test('a reply means what it means at the provider whose server it is', async () => {
    await using server = await startSmtpServer({
      refuseRecipient: () => ({ code: 554, text: '5.7.9 unauthenticated sender' }),
    })
    const config = configOf(place(), server.port, { provider: 'yahoo' })
    const events: WorkerEvent[] = []
    await using mailroom = createMailroom(config)
    await using worker = createWorker(config, { ...FAST, emit: (event) => events.push(event) })
    await worker.start()
    const { id } = await mailroom.send(MAIL)
    expect(await mailroom.untilSettled(id, { timeoutMs: 20_000 })).toMatchObject({
      state: 'refused',
      last: { rule: 'enhanced.5.7.9.yahoo' },
    })
    expect(events.filter(({ event }) => event === 'parked')).toEqual([])
  })

  test('how many recipients nobody should mail again is told', async () => {
    await using server = await startSmtpServer({
      refuseRecipient: (address) =>
        address.startsWith('no') ? { code: 550, text: '5.1.1 nobody' } : undefined,
    })
    const config = configOf(place(), server.port)
    const events: WorkerEvent[] = []
    await using mailroom = createMailroom(config)
    await using worker = createWorker(config, { ...FAST, emit: (event) => events.push(event) })
    await worker.start()
    const to = ['no1@example.org', 'ann@example.org', 'no2@example.org']
    const { id } = await mailroom.send({ ...MAIL, message: { ...MAIL.message, to } })
    await mailroom.untilSettled(id, { timeoutMs: 20_000 })
    expect(events.find(({ event }) => event === 'refused')).toMatchObject({
      refused: 2,
      suppress: 2,
      class: 'permanent',
      scope: 'recipient',
    })
  })
})
