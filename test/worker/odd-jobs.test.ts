import { expect, test } from 'vitest'

import { createMailroom, createWorker } from '../../src/index.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { openQueues } from '../../src/queue/open.ts'
import { openStore } from '../../src/store/open.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'

describeServers('odd jobs', (place) => {
  test('a job that breaks the contract is refused, kept, and told without its content', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port })
    await using back = await openBackDoor(at)
    await back.queues.add('relay', [
      { id: 'm-odd', data: { version: 1, dkim: { key: 'x' }, to: 'ann@example.org' } },
    ])
    // There is no record of it before a worker has looked at it.
    await expect
      .poll(() => room.mailroom.get('m-odd'))
      .toMatchObject({ state: 'refused', last: { rule: 'local.unreadable-job' } })
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ dead: 1, refused: 1 })
    expect(room.told('job-rejected')).toMatchObject([{ id: 'm-odd' }])
    expect(JSON.stringify(room.events)).not.toContain('ann@example.org')
    expect(await back.queues.read('relay', 'm-odd')).toMatchObject({ version: 1 })
  })

  test('a job of a newer release waits for a worker of that release', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port })
    await using back = await openBackDoor(at)
    await back.queues.add('relay', [{ id: 'm-new', data: { version: 99 } }])
    await expect.poll(() => room.told('job-rejected')).toMatchObject([{ id: 'm-new' }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ delayed: 1, dead: 0 })
  })

  test('a job whose content is not what is recorded under its id is not sent', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using back = await openBackDoor(at)
    const { id } = await room.send()
    const data = await back.queues.read('relay', id)
    const other = { ...(data as object), digest: 'another-digest-of-22-ch' }
    await back.queues.remove('relay', id)
    await back.queues.add('relay', [{ id, data: other }])
    await room.worker.start()
    await expect.poll(() => room.told('job-rejected')).toMatchObject([{ id, connection: 'relay' }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ dead: 1, active: 0 })
    expect(await room.mailroom.get(id)).toMatchObject({ state: 'queued', claims: 0 })
    expect(server.mails).toEqual([])
  })

  test('a message on which workers die again and again is set aside', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using back = await openBackDoor(at)
    const { id } = await room.send()
    const recipients = ['ann@example.org']
    for (let death = 0; death < 5; death += 1) {
      await back.ledger.claim({ id, worker: `dead-${death}`, connection: 'relay', recipients })
    }
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({
      state: 'refused',
      last: { rule: 'local.set-aside' },
    })
    await expect.poll(() => room.told('set-aside')).toMatchObject([{ id, claims: 6 }])
    expect(server.mails).toEqual([])
  })

  test('a message that a dead worker had marked is uncertain once its answer is overdue', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using back = await openBackDoor(at)
    const { id } = await room.send()
    const recipients = ['ann@example.org']
    const claim = await back.ledger.claim({ id, worker: 'dead', connection: 'relay', recipients })
    const fence = claim.kind === 'claimed' ? claim.fence : 0
    expect(await back.ledger.mark(id, fence, [0], 500)).toBe(true)
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({ state: 'uncertain' })
    await expect.poll(() => room.told('uncertain')).toMatchObject([{ id }])
    expect(server.mails).toEqual([])
  })

  test('of several recipients only those that a dead worker had marked are uncertain', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using back = await openBackDoor(at)
    const recipients = ['ann@example.org', 'bob@example.org', 'eve@example.org']
    const { id } = await room.send({ to: recipients })
    const claim = await back.ledger.claim({ id, worker: 'dead', connection: 'relay', recipients })
    const fence = claim.kind === 'claimed' ? claim.fence : 0
    expect(await back.ledger.mark(id, fence, [1], 200)).toBe(true)
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({
      state: 'uncertain',
      recipients: [{ state: 'delivered' }, { state: 'uncertain' }, { state: 'delivered' }],
    })
    await expect.poll(() => room.told('uncertain')).toMatchObject([{ id, recipients: 1 }])
    expect(server.mails.flatMap(({ to }) => to)).toEqual(['ann@example.org', 'eve@example.org'])
  })

  test('a message is as old as the store says, whatever the clock of its producer', async () => {
    const at = place()
    await using server = await startSmtpServer()
    const retry = { giveUpAfterMs: 600_000 }
    await using room = await openRoom(at, { port: server.port }, { starts: false, retry })
    await using back = await openBackDoor(at)
    const { id } = await room.send()
    const job = await back.queues.read('relay', id)
    await back.queues.remove('relay', id)
    const hourBehind = Date.now() - 3_600_000
    await back.queues.add('relay', [{ id, data: { ...(job as object), acceptedAt: hourBehind } }])
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  })

  test('a listener that throws harms no delivery', async () => {
    await using server = await startSmtpServer()
    const at = place()
    const config = {
      ...at,
      connections: { relay: { server: '127.0.0.1', port: server.port, tls: 'none' as const } },
    }
    await using worker = createWorker(config, {
      emit: () => {
        throw new Error('listener')
      },
    })
    await worker.start()
    await using mailroom = createMailroom(config)
    const message = { from: 'a@example.com', to: 'b@example.org', text: 'x' }
    const { id } = await mailroom.send({ connection: 'relay', message })
    expect(await mailroom.untilSettled(id, { timeoutMs: 20_000 })).toMatchObject({
      state: 'delivered',
    })
  })

  test('a cancelled message is not sent although its job is still there', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using back = await openBackDoor(at)
    const { id } = await room.send()
    expect(await back.ledger.cancel(id)).toEqual({ kind: 'cancelled' })
    await room.worker.start()
    await expect.poll(() => room.told('cancelled')).toMatchObject([{ id }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 0, dead: 0 })
    expect(server.mails).toEqual([])
  })

  test('a full queue takes no more, and says so', async () => {
    const at = place()
    await using room = await openRoom(
      { ...at, limits: { queueDepth: 3 } } as TestStore,
      { port: 2525 },
      { starts: false },
    )
    for (let count = 0; count < 3; count += 1) await room.send()
    await expect(room.send()).rejects.toMatchObject({ code: 'QUEUE_FULL', depth: 3, limit: 3 })
    expect(await room.mailroom.status('relay')).toMatchObject({ waiting: 3 })
  })
})

async function openBackDoor(at: TestStore) {
  const { queue, prefix, schema } = at
  const store = await openStore(queue, { patience: 'wait', prefix, schema })
  const queues = await openQueues(store)
  const ledger = await openLedger(store)
  return {
    queues,
    ledger,
    [Symbol.asyncDispose]: async () => {
      await queues.close()
      await store.close()
    },
  }
}
