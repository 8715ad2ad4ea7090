import { fork } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { describeServers } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { mailroomOn } from '../producer/mailroom-on.ts'

const MESSAGES = 30
const MEGABYTES = 12
/** All 20 sessions with a message each would be 320 MB; what a session has in hand is 100 kB. */
const MOST_MORE_MB = 150

describeServers('20 sessions that send large messages', (place) => {
  test('never have them in memory', { timeout: 180_000 }, async () => {
    const at = place()
    await using directory = await temporaryDirectory()
    await using mailroom = mailroomOn(at, { attachments: { roots: [directory.path] } })
    const path = join(directory.path, 'large.bin')
    await writeFile(path, randomFillSync(Buffer.alloc(MEGABYTES * 1_000_000)))
    const message = { from: 'a@example.com', to: 'b@example.org', attachments: [{ path }] }
    await mailroom.sendMany(
      Array.from({ length: MESSAGES }, () => ({ connection: 'relay', message })),
    )

    const sink = fork(join(import.meta.dirname, '../../bench/sink.ts'))
    try {
      const [{ port }] = (await once(sink, 'message')) as [{ readonly port: number }]
      const args = [at.queue, at.prefix, at.schema, port, MESSAGES].map(String)
      const worker = fork(join(import.meta.dirname, 'programs/deliver-large.ts'), args)
      const exited = once(worker, 'exit')
      const [{ beforeMb, mostMb }] = (await once(worker, 'message')) as [
        { readonly beforeMb: number; readonly mostMb: number },
      ]
      await exited
      expect(mostMb - beforeMb).toBeLessThan(MOST_MORE_MB)
      sink.send('taken')
      const [answer] = await once(sink, 'message')
      expect(answer).toEqual({ taken: MESSAGES })
    } finally {
      sink.kill()
    }
  })
})
