import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

import { expect, test } from 'vitest'

import { jobIdOfKey } from '../../src/job/job-id.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import type { DieAt } from './programs/die-while-enqueuing.ts'
import { openSweepRoom } from './sweep-room.ts'

const PRODUCER = path.resolve(import.meta.dirname, 'programs/die-while-enqueuing.ts')
const RETRY = path.resolve(import.meta.dirname, 'programs/die-while-retrying.ts')
const NOTHING = { requeued: 0, lost: 0, expired: 0, forgotten: 0 }

describeStores('messages without a job', (place) => {
  test.for<DieAt>(['before-job', 'after-job'])(
    'what a producer left that was killed %s is sent once, or nothing is left of it',
    async (dieAt) => {
      const at = place()
      await using server = await startSmtpServer()
      await using sweep = await openSweepRoom(at)
      await dieEnqueuing(at, dieAt, 'k')
      const id = jobIdOfKey('k')
      const isLeft = sweep.store.kind === 'redis'
      expect((await sweep.ledger.get(id))?.state).toBe(isLeft ? 'queued' : undefined)
      const requeued = isLeft && dieAt === 'before-job' ? 1 : 0
      expect(await sweep.sweep()).toEqual({ ...NOTHING, requeued })
      expect(sweep.events.filter(({ event }) => event === 'requeued')).toHaveLength(requeued)
      expect(await sweep.sweep()).toEqual(NOTHING)

      await using room = await openRoom(at, { port: server.port })
      if (!isLeft) await room.send({}, { idempotencyKey: 'k' })
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
      expect(await sweep.sweep()).toEqual(NOTHING)
      expect(server.mails).toHaveLength(1)
    },
  )

  test('a message without a key, whose producer was killed, leaves a job or nothing', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using sweep = await openSweepRoom(at)
    await dieEnqueuing(at, 'after-job', undefined)
    const [job] = await sweep.queues.page('relay', 'waiting', 0, 10)
    expect(job === undefined).toBe(sweep.store.kind === 'postgres')
    expect(await sweep.sweep()).toEqual(NOTHING)
    await using room = await openRoom(at, { port: server.port })
    const id = job?.id ?? (await room.send()).id
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails).toHaveLength(1)
  })

  test('what a slow producer has yet to add is left alone', async () => {
    await using sweep = await openSweepRoom(place(), { graceMs: 60_000 })
    const copy = { data: { notBefore: 0 }, priority: 'normal' } as const
    await sweep.ledger.record([{ ...record('m-1'), copy }])
    expect(await sweep.sweep()).toEqual(NOTHING)
    expect(await sweep.queues.page('relay', 'waiting', 0, 10)).toEqual([])
    expect(await sweep.ledger.get('m-1')).toMatchObject({ state: 'queued' })
  })

  test('a message whose job was removed ends for everybody to see, and not at first sight', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send({ to: ['ann@example.org', 'bob@example.org'] })
    expect(await sweep.sweep()).toEqual(NOTHING)
    expect(await sweep.queues.remove('relay', id)).toBe(true)
    expect(await sweep.sweep()).toEqual(NOTHING)
    expect(await sweep.ledger.get(id)).toMatchObject({ state: 'queued' })
    expect(await sweep.sweep()).toEqual({ ...NOTHING, lost: 1 })
    expect(await sweep.ledger.get(id)).toMatchObject({
      state: 'expired',
      last: { rule: 'local.job-lost' },
      recipients: [{ state: 'expired' }, { state: 'expired' }],
    })
    expect(sweep.events).toContainEqual({
      event: 'job-lost',
      id,
      connection: 'relay',
      pending: 2,
      rule: 'local.job-lost',
      reason: expect.stringContaining('its job is not in the queue'),
    })
    expect(JSON.stringify(sweep.events)).not.toContain('@example.org')
    expect(sweep.announced).toMatchObject([{ id, state: 'expired', rule: 'local.job-lost' }])
    expect((await room.mailroom.list({ state: 'expired' })).records).toMatchObject([{ id }])
    expect(await sweep.sweep()).toEqual(NOTHING)
  })

  test('a job that is back at the second look is delivered', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send()
    const data = await sweep.queues.read('relay', id)
    await sweep.queues.remove('relay', id)
    await sweep.sweep()
    await sweep.queues.add('relay', [{ id, data }])
    expect(await sweep.sweep()).toEqual(NOTHING)
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  })

  test('the key of a message whose job was lost opens it again', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send({}, { idempotencyKey: 'k' })
    await sweep.queues.remove('relay', id)
    await sweep.sweep()
    expect(await sweep.sweep()).toMatchObject({ lost: 1 })
    expect(await room.send({}, { idempotencyKey: 'k' })).toMatchObject({ id, isNew: false })
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails).toHaveLength(1)
  })

  test('a message that was opened again while its job stayed dead is tried again', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send()
    const recipients = ['ann@example.org']
    const claim = await sweep.ledger.claim({ id, worker: 'w', connection: 'relay', recipients })
    const fence = claim.kind === 'claimed' ? claim.fence : 0
    const settlement = { outcomes: [], rest: 'refused', isAttempt: false } as const
    await sweep.ledger.settle(id, fence, settlement)
    expect(await sweep.queues.bury('relay', [{ id, reason: 'refused' }])).toEqual([id])
    expect(await sweep.sweep()).toEqual(NOTHING)
    await sweep.ledger.reopen(id)
    expect(await sweep.sweep()).toEqual({ ...NOTHING, requeued: 1 })
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails).toHaveLength(1)
  })

  test('a retry that was killed between ledger and queue is tried, or nothing is left of it', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send()
    const recipients = ['ann@example.org']
    const claim = await sweep.ledger.claim({ id, worker: 'w', connection: 'relay', recipients })
    const fence = claim.kind === 'claimed' ? claim.fence : 0
    await sweep.ledger.settle(id, fence, { outcomes: [], rest: 'refused', isAttempt: false })
    await sweep.queues.bury('relay', [{ id, reason: 'refused' }])
    await dieIn(RETRY, { ...at, id })
    const isLeft = sweep.store.kind === 'redis'
    expect((await sweep.ledger.get(id))?.state).toBe(isLeft ? 'deferred' : 'refused')
    expect(await sweep.queues.stateOf('relay', id)).toBe('dead')
    expect(await sweep.sweep()).toEqual({ ...NOTHING, requeued: isLeft ? 1 : 0 })
    expect(await sweep.sweep()).toEqual(NOTHING)
    if (!isLeft) await room.mailroom.retry(id)
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails).toHaveLength(1)
  })

  test('a message that a dead worker had marked becomes uncertain and not lost', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send()
    const recipients = ['ann@example.org']
    const claim = await sweep.ledger.claim({ id, worker: 'dead', connection: 'relay', recipients })
    await sweep.ledger.mark(id, claim.kind === 'claimed' ? claim.fence : 0, [0], 400)
    await sweep.queues.remove('relay', id)
    await expect
      .poll(async () => {
        expect(await sweep.sweep()).toEqual(NOTHING)
        return (await sweep.ledger.get(id))?.state
      })
      .toBe('uncertain')
    expect(sweep.announced).toMatchObject([{ id, state: 'uncertain' }])
  })
})

function record(id: string) {
  return {
    id,
    connection: 'relay',
    messageId: `<${id}@example.com>`,
    digest: 'digest',
    recipients: ['ann@example.org'],
  }
}

/** Runs a producer that kills itself, and waits for its end. */
async function dieEnqueuing(at: TestStore, dieAt: DieAt, key: string | undefined): Promise<void> {
  await dieIn(PRODUCER, { ...at, at: dieAt, key })
}

async function dieIn(program: string, options: object): Promise<void> {
  const child = fork(program, [JSON.stringify(options)])
  const [, signal] = await once(child, 'exit')
  expect(signal).toBe('SIGKILL')
}
