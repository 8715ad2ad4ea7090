import { expect, test } from 'vitest'

import { startScriptedServer } from '../support/scripted-server.ts'
import { describeStores } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { openSweepRoom } from './sweep-room.ts'

const REFUSAL = { RCPT: '550 5.1.1 nobody', DATA: '503 no' }

describeStores('history', (place) => {
  test('that has no room is swept away, and what holds the message is not', async () => {
    const at = place()
    await using server = await startScriptedServer(REFUSAL)
    await using room = await openRoom(at, { port: server.port })
    const { id } = await room.send()
    await room.settled(id)
    {
      await using sweep = await openSweepRoom(at)
      await sweep.sweep()
      expect(await sweep.ledger.history(id)).toMatchObject({ forgotten: 0 })
    }
    await using sweep = await openSweepRoom(at, { historyMaxBytes: 0 })
    await sweep.sweep()
    expect(await sweep.ledger.history(id)).toMatchObject({
      forgotten: 1,
      entries: [{ kind: 'accepted' }],
    })
    expect(await room.mailroom.get(id)).toMatchObject({
      state: 'refused',
      attempts: 1,
      last: { code: 550 },
    })
    expect(await room.mailroom.retry(id)).toMatchObject({ kind: 'retried' })
  })

  test('a configuration says how much of it is kept', async () => {
    const at = { ...place(), history: { maxBytes: 0 } }
    await using server = await startScriptedServer(REFUSAL)
    await using room = await openRoom(at, { port: server.port }, { sweep: { everyMs: 100 } })
    const { id } = await room.send()
    await room.settled(id)
    await expect.poll(() => room.mailroom.history(id)).toMatchObject({ forgotten: 1 })
  })

  test('tells that a job was put back into its queue', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send()
    await sweep.queues.bury('relay', [{ id, reason: 'a worker died here' }])
    await expect.poll(async () => (await sweep.sweep()).requeued).toBe(1)
    expect((await room.mailroom.history(id))?.entries).toMatchObject([
      { kind: 'accepted' },
      { kind: 'requeued' },
    ])
  })
})
