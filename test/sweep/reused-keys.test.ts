import { expect, test } from 'vitest'

import type { ContentStore } from '../../src/content/content.ts'
import { createJob } from '../../src/job/create-job.ts'
import { jobIdOfKey } from '../../src/job/job-id.ts'
import type { NewRecord } from '../../src/ledger/ledger.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores } from '../support/stores.ts'
import { openRoom, type Room } from '../worker/mail-room.ts'
import { makeOlder, openSweepRoom, type SweepRoom } from './sweep-room.ts'

const NOTHING = { requeued: 0, lost: 0, expired: 0, forgotten: 0 }
const LONG_MS = 91 * 86_400_000
const ID = jobIdOfKey('k')

describeStores('a key that is used again', (place) => {
  test('sends the new message when a crash left the dead job of a forgotten one', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using sweep = await openSweepRoom(at)
    await refuseOld(room, sweep)
    expect(await sweep.ledger.removeHeld(ID, 0)).toBe(true)
    expect(await sendNew(room)).toMatchObject({ id: ID, isNew: true })
    expect(await sweep.sweep()).toEqual(NOTHING)
    await room.worker.start()
    expect(await room.settled(ID)).toMatchObject({ state: 'delivered' })
    expect(server.mails.map(({ body }) => textOf(body))).toEqual(['new'])
  })

  test('keeps its job and its content from a sweeper that is about to forget the old one', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using before = await openSweepRoom(at)
    await refuseOld(room, before)
    const digest = await before.ledger.digestOf(ID)
    await makeOlder(before.store, at.prefix, ID, LONG_MS)
    const released: Parameters<ContentStore['release']>[] = []
    await using sweep = await openSweepRoom(at, {
      ledger: {
        ...before.ledger,
        removeHeld: async (id, forMs) => {
          const isRemoved = await before.ledger.removeHeld(id, forMs)
          await sendNew(room)
          return isRemoved
        },
      },
      content: {
        release: async (...what) => void released.push(what),
        sweep: () => Promise.resolve(0),
      },
    })
    expect(await sweep.sweep()).toEqual({ ...NOTHING, forgotten: 1 })
    expect(released).toEqual([[ID, digest, 'old']])
    expect(await sweep.ledger.digestOf(ID)).not.toBe(digest)
    for (let nth = 0; nth < 2; nth += 1) expect(await sweep.sweep()).toEqual(NOTHING)
    await room.worker.start()
    expect(await room.settled(ID)).toMatchObject({ state: 'delivered' })
    expect(server.mails.map(({ body }) => textOf(body))).toEqual(['new'])
  })

  test('never sends the old message when its producer died before it added the new job', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using sweep = await openSweepRoom(at)
    await refuseOld(room, sweep)
    await sweep.ledger.removeHeld(ID, 0)
    await sweep.ledger.record([newEntry()])
    expect(await sweep.sweep()).toEqual(NOTHING)
    expect(await sweep.sweep()).toEqual({ ...NOTHING, lost: 1 })
    expect(await room.mailroom.retry(ID)).toEqual({ kind: 'content-gone' })
    expect(await sendNew(room)).toMatchObject({ id: ID, isNew: false })
    await room.worker.start()
    expect(await room.settled(ID)).toMatchObject({ state: 'delivered' })
    expect(server.mails.map(({ body }) => textOf(body))).toEqual(['new'])
  })

  test('has the copy of its job added in place of the dead one, where copies are kept', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using sweep = await openSweepRoom(at)
    await refuseOld(room, sweep)
    await sweep.ledger.removeHeld(ID, 0)
    await sweep.ledger.record([{ ...newEntry(), copy: { data: newJob(), priority: 'normal' } }])
    const isKept = sweep.store.kind === 'redis'
    expect(await sweep.sweep()).toEqual({ ...NOTHING, requeued: isKept ? 1 : 0 })
    if (!isKept) await sendNew(room)
    await room.worker.start()
    expect(await room.settled(ID)).toMatchObject({ state: 'delivered' })
    expect(server.mails.map(({ body }) => textOf(body))).toEqual(['new'])
  })
})

const NEW = { text: 'new' }

function sendNew(room: Room) {
  return room.send(NEW, { idempotencyKey: 'k' })
}

/** The job that `sendNew` makes. */
function newJob() {
  const message = { from: 'app@example.com', to: 'ann@example.org', subject: 'Hello', ...NEW }
  const mail = { connection: 'relay', message, options: { idempotencyKey: 'k' } }
  return createJob(mail, { now: new Date() }).job
}

function newEntry(): NewRecord {
  const { id, connection, messageId, digest, envelope } = newJob()
  return { id, connection, messageId, digest, recipients: envelope.to }
}

/** Sends another message under the same key, which ends as refused. */
async function refuseOld(room: Room, { ledger, queues }: SweepRoom): Promise<void> {
  await room.send({ text: 'old' }, { idempotencyKey: 'k' })
  const recipients = ['ann@example.org']
  const claim = await ledger.claim({ id: ID, worker: 'w', connection: 'relay', recipients })
  const fence = claim.kind === 'claimed' ? claim.fence : 0
  await ledger.settle(ID, fence, { outcomes: [], rest: 'refused', isAttempt: false })
  expect(await queues.bury('relay', [{ id: ID, reason: 'refused' }])).toEqual([ID])
}

function textOf(body: Buffer): string | undefined {
  return body.toString().split('\r\n\r\n')[1]?.trim()
}
