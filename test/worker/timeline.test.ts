import { expect, test } from 'vitest'

import type { AttemptEntry, Mailroom } from '../../src/index.ts'
import { openStore } from '../../src/store/open.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'

const THREE = ['ann@example.org', 'bob@example.org', 'eve@example.org']

describeServers('the timeline of a message', (place) => {
  test('tells each attempt with what was said, by whose worker, and which rule decided', async () => {
    await using server = await startScriptedServer({
      RCPT: ['451 4.3.0 later', '250 2.1.5 recipient ok'],
      DATA: ['503 no', '354 go on'],
      DOT: '250 2.0.0 queued as 4F2B',
    })
    await using room = await openRoom(place(), { port: server.port }, { id: 'worker-1' })
    const { id } = await room.send()
    await room.settled(id)
    const [first, second] = await attemptsOf(room.mailroom, id)
    expect(first).toMatchObject({
      how: 'settled',
      attempt: 1,
      manager: 'relay',
      digest: expect.stringMatching(/^[\w-]{8}$/),
      worker: 'worker-1',
      stage: 'rcpt',
      code: 451,
      status: '4.3.0',
      text: 'later',
      rule: expect.stringMatching(/./),
      rules: expect.stringMatching(/./),
      outcomes: [{ recipients: [0], state: 'pending', code: 451 }],
    })
    expect(first?.conversation).toEqual([
      expect.stringMatching(/^C: MAIL FROM:<…@example.com> /),
      'C: RCPT TO:<ann@example.org>',
      'C: DATA',
      'S: 250 2.1.0 sender ok',
      'S: 451 4.3.0 later',
      'S: 503 no',
    ])
    expect(second).toMatchObject({
      attempt: 2,
      stage: 'after',
      code: 250,
      text: 'queued as 4F2B',
      outcomes: [{ recipients: [0], state: 'delivered' }],
    })
    expect(second?.bytes).toBeGreaterThan(100)
    expect(second?.conversation).toBeUndefined()
    expect(second?.startedAt.getTime()).toBeGreaterThanOrEqual(first?.at.getTime() ?? Infinity)
  })

  test('tells a delivery at the first attempt in its record alone', async () => {
    await using server = await startScriptedServer()
    await using room = await openRoom(place(), { port: server.port }, { id: 'worker-1' })
    const { id } = await room.send()
    await room.settled(id)
    expect(await room.mailroom.history(id)).toMatchObject({
      forgotten: 0,
      entries: [
        { kind: 'accepted' },
        {
          kind: 'attempt',
          attempt: 1,
          manager: 'relay',
          worker: 'worker-1',
          stage: 'after',
          code: 250,
          status: '2.0.0',
        },
      ],
    })
  })

  test('tells recipients apart, and each transaction of an attempt', async () => {
    await using server = await startScriptedServer({
      RCPT: ['250 2.1.5 ok', '550 5.1.1 nobody', '250 2.1.5 ok'],
    })
    const limits = { recipientsPerTransaction: 2 }
    await using room = await openRoom(place(), { port: server.port, limits })
    const { id } = await room.send({ to: THREE })
    await room.settled(id)
    expect(await attemptsOf(room.mailroom, id)).toMatchObject([
      {
        attempt: 1,
        part: 1,
        outcomes: [
          { recipients: [0], state: 'delivered' },
          { recipients: [1], state: 'refused', code: 550 },
        ],
      },
      { attempt: 1, part: 2, outcomes: [{ recipients: [2], state: 'delivered' }] },
    ])
  })

  test('keeps neither the sender nor the mailbox that all mail is redirected to', async () => {
    const redirectAll = 'catch@test.example'
    await using server = await startScriptedServer({
      MAIL: '250 2.1.0 <app@example.com> ok',
      RCPT: '550 5.1.1 <catch@test.example> nobody',
      DATA: '503 no',
    })
    await using room = await openRoom(place(), { port: server.port, redirectAll })
    const { id } = await room.send({ to: THREE })
    await room.settled(id)
    const [attempt] = await attemptsOf(room.mailroom, id)
    const said = attempt?.conversation?.join('\n')
    expect(said).toContain('RCPT TO:<…@test.example>')
    expect(said).not.toMatch(/app@|catch@/)
  })

  test('a record that somebody has spoilt is told, and its job stays', async () => {
    const at = place()
    await using server = await startScriptedServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    const { id } = await room.send()
    await spoil(at, id)
    const other = await room.send()
    await room.worker.start()
    expect(await room.settled(other.id)).toMatchObject({ state: 'delivered' })
    await expect
      .poll(() => room.told('store-error'))
      .toMatchObject([{ code: 'RECORD_UNREADABLE', reason: expect.stringContaining(id) }])
    await expect(room.mailroom.get(id)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE', id })
    await expect(room.mailroom.cancel(id)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ delayed: 1, dead: 0 })
    expect(server.dots).toBe(1)
  })

  test('a spoilt record of a refused message hides no other, and what happened is still told', async () => {
    const at = place()
    await using server = await startScriptedServer({ RCPT: '550 5.1.1 nobody', DATA: '503 no' })
    await using room = await openRoom(at, { port: server.port })
    const [spoilt, other] = [await room.send(), await room.send()]
    for (const { id } of [spoilt, other])
      expect(await room.settled(id)).toMatchObject({ state: 'refused' })
    await spoil(at, spoilt.id)
    const { records } = await room.mailroom.list({ state: 'refused' })
    expect(records.map(({ id }) => id)).toEqual([other.id])
    await expect(room.mailroom.get(spoilt.id)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    expect(await attemptsOf(room.mailroom, spoilt.id)).toMatchObject([{ stage: 'rcpt', code: 550 }])
    expect(await room.mailroom.retry(other.id)).toMatchObject({ kind: 'retried' })
  })
})

async function attemptsOf(mailroom: Mailroom, id: string): Promise<readonly AttemptEntry[]> {
  const entries = (await mailroom.history(id))?.entries ?? []
  return entries.filter((entry) => entry.kind === 'attempt')
}

/** Writes over a record what no ledger writes. */
async function spoil({ queue, prefix, schema }: TestStore, id: string): Promise<void> {
  await using store = await openStore(queue, { patience: 'wait', prefix, schema })
  if (store.kind === 'redis') await store.client.hset(`${prefix}-ledger:${id}`, 'p', 'xyz')
  else await store.pool.query(`update ledger set standing = 'xyz' where id = $1`, [id])
}
