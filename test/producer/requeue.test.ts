import { expect, test } from 'vitest'

import { createMailroom, type Requeued } from '../../src/index.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from '../worker/mail-room.ts'

const NOBODY = { code: 550, text: '5.1.1 nobody' }
const QUOTA = { code: 550, text: '5.7.1 over quota today' }
const PATIENCE = { name: 'quota', when: { text: 'over quota' }, means: { class: 'retry' } } as const

/** A producer for which a full quota is no reason to refuse. */
function patientMailroom(at: TestStore, port: number) {
  const relay = { server: '127.0.0.1', port, tls: 'none' } as const
  return createMailroom({ ...at, connections: { relay, other: relay }, rules: [PATIENCE] })
}

/** Sends to each of `recipients`, waits until all are refused, and tells their ids. */
async function refused(room: Room, recipients: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = []
  for (const to of recipients) {
    const { id } = await room.send({ to })
    expect(await room.settled(id)).toMatchObject({ state: 'refused' })
    ids.push(id)
  }
  // A worker may still be ending the last job.
  await expect.poll(async () => (await room.mailroom.status('relay')).active).toBe(0)
  return ids
}

describeStores('requeue', (place) => {
  test('what would not be refused today waits again, and the rest stays as it is', async () => {
    let isFull = true
    await using server = await startSmtpServer({
      refuseRecipient: (address) => {
        if (address.startsWith('no')) return NOBODY
        return isFull ? QUOTA : undefined
      },
    })
    const at = place()
    await using room = await openRoom(at, { port: server.port })
    const people = ['ann@example.org', 'no@example.org', 'bob@example.org']
    const [ann = '', no = '', bob = ''] = await refused(room, people)
    await using mailroom = patientMailroom(at, server.port)

    expect(await room.mailroom.requeue()).toMatchObject({ examined: 3, otherwise: 0 })
    const told: Requeued[] = []
    const onMessage = (message: Requeued) => told.push(message)
    expect(await mailroom.requeue({ dryRun: true, onMessage })).toEqual({
      examined: 3,
      otherwise: 2,
      requeued: 0,
      isPartial: false,
    })
    expect(told.map(({ id, before, rule }) => [id, before, rule])).toEqual([
      [ann, 'enhanced.5.7.1', 'user.quota'],
      [bob, 'enhanced.5.7.1', 'user.quota'],
    ])
    expect(await mailroom.get(ann)).toMatchObject({ state: 'refused' })

    isFull = false
    const before = await mailroom.get(ann)
    expect(await mailroom.requeue()).toMatchObject({ examined: 3, otherwise: 2, requeued: 2 })
    for (const id of [ann, bob]) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    }
    expect(await mailroom.get(ann)).toMatchObject({ messageId: before?.messageId })
    expect(await mailroom.get(no)).toMatchObject({ state: 'refused' })
    expect(server.mails).toHaveLength(2)
    expect(await mailroom.requeue()).toMatchObject({ examined: 1, otherwise: 0, requeued: 0 })
  })

  test('those are chosen that a rule refused, of one connection, since a moment', async () => {
    await using server = await startSmtpServer({ refuseRecipient: () => QUOTA })
    const at = place()
    await using room = await openRoom(at, { port: server.port })
    const [first = '', second = ''] = await refused(room, ['ann@example.org', 'bob@example.org'])
    await using mailroom = patientMailroom(at, server.port)
    const count = async (options: Parameters<typeof mailroom.requeue>[0]) =>
      (await mailroom.requeue({ ...options, dryRun: true })).otherwise

    expect(await count({ rule: 'enhanced.5.7.1' })).toBe(2)
    expect(await count({ rule: 'enhanced.5.7.*' })).toBe(2)
    expect(await count({ rule: 'enhanced.5.7' })).toBe(0)
    expect(await count({ rule: 'enhanced.5.1.1' })).toBe(0)
    expect(await count({ connection: 'relay' })).toBe(2)
    expect(await count({ connection: 'other' })).toBe(0)
    expect(await count({ limit: 1 })).toBe(1)
    const since = (await mailroom.get(second))?.updatedAt
    if (since === undefined) throw new Error('the record is gone')
    const chosen: string[] = []
    await mailroom.requeue({ since, dryRun: true, onMessage: ({ id }) => chosen.push(id) })
    expect(chosen).toContain(second)
    expect(await count({ since: new Date(since.getTime() + 1_000) })).toBe(0)
    expect(await mailroom.get(first)).toMatchObject({ state: 'refused' })
  })

  test('a rule about a member of a group counts for what that member refused', async () => {
    await using server = await startSmtpServer({ refuseRecipient: () => QUOTA })
    const at = place()
    const groups = { out: 'failover:relay,spare' }
    const spare = { server: '127.0.0.1', port: server.port, tls: 'none' } as const
    const options = { others: { spare }, groups, names: ['out'] }
    await using room = await openRoom(at, { port: server.port }, options)
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'refused' })

    const counted = async (connection: string) => {
      const rule = { ...PATIENCE, when: { text: 'over quota', connection } }
      const connections = { relay: spare, spare }
      await using mailroom = createMailroom({ ...at, connections, groups, rules: [rule] })
      return (await mailroom.requeue({ dryRun: true })).otherwise
    }
    expect(await counted('relay')).toBe(1)
    expect(await counted('spare')).toBe(0)
  })

  test('what was interrupted goes on, and what is refused again is not put back again', async () => {
    await using server = await startSmtpServer({ refuseRecipient: () => QUOTA })
    const at = place()
    await using room = await openRoom(at, { port: server.port })
    const ids = await refused(room, ['a@example.org', 'b@example.org', 'c@example.org'])
    await using mailroom = patientMailroom(at, server.port)
    const aborted = AbortSignal.abort()
    expect(await mailroom.requeue({ signal: aborted })).toMatchObject({ requeued: 0 })
    expect(await mailroom.requeue({ limit: 2 })).toEqual({
      examined: 3,
      otherwise: 2,
      requeued: 2,
      isPartial: true,
    })
    expect(await mailroom.requeue({ limit: 1 })).toMatchObject({ otherwise: 1, requeued: 1 })
    // The worker has the old rules: it refuses all of them once more, and no more than that.
    for (const id of ids) {
      await expect.poll(() => mailroom.get(id)).toMatchObject({ state: 'refused', attempts: 1 })
    }
    await expect.poll(() => room.told('refused').length).toBe(6)
  })
})
