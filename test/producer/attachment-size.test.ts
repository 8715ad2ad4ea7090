import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { SendMail } from '../../src/index.ts'
import { describeStores } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { mail, mailroomOn } from './mailroom-on.ts'

describeStores('a file', (place) => {
  test('that fits into no message is refused before it is read', async () => {
    await using directory = await temporaryDirectory()
    const roots = [directory.path]
    const at = place()
    await using byDefault = mailroomOn(at, { attachments: { roots } })
    const messages = { limits: { messageBytes: 400_000 } }
    await using small = mailroomOn(at, { attachments: { roots }, ...messages })
    await using asSet = mailroomOn(at, { attachments: { roots, maxBytes: 10_000 } })
    const path = join(directory.path, 'report.bin')
    await writeFile(path, '')
    const refused = { code: 'ATTACHMENT_TOO_LARGE' }

    await truncate(path, 52_428_801)
    await expect(byDefault.send(withFile(path))).rejects.toMatchObject({
      ...refused,
      size: 52_428_801,
      limit: 52_428_800,
    })
    await truncate(path, 400_001)
    await expect(small.send(withFile(path))).rejects.toMatchObject({ ...refused, limit: 400_000 })
    await truncate(path, 300_000)
    await expect(small.send(withFile(path))).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
    await expect(asSet.send(withFile(path))).rejects.toMatchObject({ ...refused, limit: 10_000 })
    await truncate(path, 2_000_000)
    await byDefault.send(withFile(path))
    expect(await byDefault.status('relay')).toMatchObject({ waiting: 1 })
  })
})

function withFile(path: string): SendMail {
  const { message } = mail('with a file')
  return { connection: 'relay', message: { ...message, attachments: [{ path }] } }
}
