import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Writable } from 'node:stream'

import { expect, test } from 'vitest'

import { watchOutputs } from '../../src/cli/outputs.ts'
import { openProject, PASSWORD, startRelay } from '../support/cli-project.ts'
import { jsonLines, runCli, startCli } from '../support/cli.ts'
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
    // The last that it tells before there is mail.
    await expect.poll(() => worker.out).toContain('"event":"verified"')
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

  test('fails when its output finds no room, and tells so in a line', async () => {
    await using project = await openProject(redis, { relay: 1 })
    const options = { cwd: project.directory, env: projectEnv(redis), outTo: FULL }
    await project.send()
    expect(await runCli(['status'], options)).toEqual({
      code: 1,
      out: '',
      err: 'mailroom: standard output cannot be written (ENOSPC)\n',
    })
  })

  test('ends a worker whose log finds no room as SIGTERM does', async () => {
    await using project = await openProject(redis, { relay: 1 })
    const options = { cwd: project.directory, env: projectEnv(redis), outTo: FULL }
    await using worker = startCli(['worker', '--port', '0'], options)
    expect(await worker.result).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^mailroom: standard output cannot be written \(ENOSPC\)$/m),
    })
  })
})

test.for<[code: string, fault: string | undefined]>([
  ['EPIPE', undefined],
  ['EIO', undefined],
  ['ECONNRESET', undefined],
  ['ENOSPC', 'ENOSPC'],
])('an output that fails with %s ends no process', async ([code, fault]) => {
  const broken = (): Writable =>
    new Writable({ write: (_, __, done) => done(Object.assign(new Error(code), { code })) })
  const [out, err] = [broken(), broken()]
  const outputs = watchOutputs(out, err)
  err.write('x')
  expect(outputs.unread.aborted).toBe(false)
  out.write('x')
  await outputs.written()
  await expect.poll(() => outputs.unread.aborted).toBe(true)
  expect(outputs.fault).toBe(fault)
})

/** Takes nothing, as a disk that is full. */
const FULL = '/dev/full'

function projectEnv(redis: string): Readonly<Record<string, string>> {
  return { RELAY_PASSWORD: PASSWORD, QUEUE: redis }
}
