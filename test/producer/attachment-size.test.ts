import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { SendMail } from '../../src/index.ts'
import { describeStores } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { mail, mailroomOn } from './mailroom-on.ts'

describeStores('a file', (place) => {
  test('that fits into no job is refused before it is read', async () => {
    await using directory = await temporaryDirectory()
    const roots = [directory.path]
    const at = place()
    await using byDefault = mailroomOn(at, { attachments: { roots } })
    await using small = mailroomOn(at, { attachments: { roots }, limits: { jobBytes: 4_000 } })
    await using asSet = mailroomOn(at, { attachments: { roots, maxBytes: 10_000_000 } })
    const path = join(directory.path, 'report.bin')
    await writeFile(path, '')
    const refused = { code: 'ATTACHMENT_TOO_LARGE' }

    await truncate(path, 786_433)
    await expect(byDefault.send(withFile(path))).rejects.toMatchObject({
      ...refused,
      size: 786_433,
      limit: 786_432,
    })
    await expect(asSet.send(withFile(path))).rejects.toMatchObject({ code: 'JOB_TOO_LARGE' })
    await truncate(path, 780_000)
    await byDefault.send(withFile(path))
    await truncate(path, 3_001)
    await expect(small.send(withFile(path))).rejects.toMatchObject({ ...refused, limit: 3_000 })
    expect(await byDefault.status('relay')).toMatchObject({ waiting: 1 })
  })
})

function withFile(path: string): SendMail {
  const { message } = mail('with a file')
  return { connection: 'relay', message: { ...message, attachments: [{ path }] } }
}
