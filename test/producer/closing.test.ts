import { expect, test } from 'vitest'

import { describeStores } from '../support/stores.ts'
import { mail, mailroomOn } from './mailroom-on.ts'

describeStores('a closed mailroom', (place) => {
  test('takes nothing more, from the moment it begins to close', async () => {
    const mailroom = mailroomOn(place())
    mailroom.on('delivered', () => undefined)
    const { id } = await mailroom.send(mail('a'))
    const closing = mailroom.close()
    const closed = { code: 'MAILROOM_CLOSED' }
    await expect(mailroom.send(mail('b'))).rejects.toMatchObject(closed)
    await closing
    await mailroom.close()
    await expect(mailroom.send(mail('c'))).rejects.toMatchObject(closed)
    await expect(mailroom.sendMany([mail('d')])).rejects.toMatchObject({ index: 0, cause: closed })
    await expect(mailroom.get(id)).rejects.toMatchObject(closed)
    await expect(mailroom.cancel(id)).rejects.toMatchObject(closed)
    await expect(mailroom.untilSettled(id)).rejects.toMatchObject(closed)
    await expect(mailroom.status('relay')).rejects.toMatchObject(closed)
    await expect(mailroom.list({ state: 'refused' })).rejects.toMatchObject(closed)
  })

  test('opens no store, also when it had none open', async () => {
    const mailroom = mailroomOn(place())
    await mailroom.close()
    await expect(mailroom.send(mail('a'))).rejects.toMatchObject({ code: 'MAILROOM_CLOSED' })
  })
})
