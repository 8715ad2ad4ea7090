import { randomBytes } from 'node:crypto'

import { expect, test } from 'vitest'

import { jobIdOfKey } from '../../src/job/job-id.ts'
import { mailroomOn } from '../producer/mailroom-on.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

describeStores('content of a message that two send under one key', (place) => {
  test('stays when one of them finds the queue full', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using other = mailroomOn(at, { limits: { queueDepth: 1 } })
    const message = {
      from: 'a@example.com',
      to: 'b@example.org',
      attachments: [{ content: randomBytes(100_000) }],
    }
    const mail = { connection: 'relay', message, options: { idempotencyKey: 'twice' } }
    const [prepared, freed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await room.send()
    const many = room.mailroom.sendMany(
      (async function* () {
        yield mail
        prepared.resolve()
        await freed.promise
      })(),
    )
    await prepared.promise
    await expect(other.send(mail)).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    freed.resolve()
    expect(await many).toMatchObject({ accepted: 1, known: 0 })
    await room.worker.start()
    expect(await room.settled(jobIdOfKey('twice'))).toMatchObject({ state: 'delivered' })
  })
})
