import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { openProject, startRelay } from '../support/cli-project.ts'
import { jsonLines } from '../support/cli.ts'
import { describeRedis } from '../support/redis.ts'

const ROWS = 1_200

describeRedis('a command whose output nobody reads any more', (redis) => {
  test('goes on with a mailing to its end', async () => {
    await using project = await openProject(redis, { relay: 1 })
    const rows = Array.from({ length: ROWS }, (_, at) => `r${at}@example.org`)
    await writeFile(path.join(project.directory, 'list.csv'), ['to', ...rows, 'r0@@x'].join('\n'))
    const message = ['--from', 'app@example.com', '--subject', 'Hello', '--text', 'Hello']
    const files = ['--to-file', 'list.csv', '--errors', 'rejected.csv']
    await using sending = project.start('send', '--json', ...files, ...message)
    await expect.poll(() => sending.err).toContain('"checked"')
    sending.stopReading()
    // As when somebody reads: a row was rejected.
    expect(await sending.result).toMatchObject({ code: 6, out: '' })
    const { out } = await project.run(['status', '--json'])
    expect(jsonLines(out)).toMatchObject([{ connection: 'relay', waiting: ROWS }])
  })

  test('ends a worker as SIGTERM does, with what it has begun', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { relay: relay.port })
    await using worker = project.startWorker()
    await expect.poll(() => worker.out).toContain('worker-started')
    worker.stopReading()
    await project.send()
    expect(await worker.result).toMatchObject({
      code: 0,
      err: expect.not.stringContaining('EPIPE'),
    })
    expect(relay.mails).toHaveLength(1)
    const { out } = await project.run(['status', '--json'])
    expect(jsonLines(out)).toMatchObject([{ connection: 'relay', waiting: 0, active: 0 }])
  })
})
