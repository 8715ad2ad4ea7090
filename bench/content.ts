/**
 * What large attachments cost: one file of 25 MB to many recipients, each with a message of their
 * own, over 20 sessions of one worker. Tells what the store keeps of it, and the most memory that the
 * worker process ever had (its resident set, as the kernel counts it).
 *
 *   ./dev run bench/content.ts [--count 1000] [--megabytes 25] [--json FILE]
 *
 * Redis comes from REDIS_URL, else from the same places as for the tests.
 */
import { fork } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { createMailroom } from '../src/index.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { configOf } from './config.ts'
import type { Measured } from './measured.ts'
import { figure, tell, type Figure } from './report/report.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    megabytes: { type: 'string', default: '25' },
    json: { type: 'string' },
  },
})
const count = Number(values.count)
const bytes = Number(values.megabytes) * 1_000_000

await using stack = new AsyncDisposableStack()
const redis = stack.use(await startRedis())
const directory = await mkdtemp(join(tmpdir(), 'mailroom-bench-'))
await chmod(directory, 0o711)
stack.defer(() => rm(directory, { recursive: true, force: true }))
const path = join(directory, 'large.bin')
await writeFile(path, randomFillSync(Buffer.alloc(bytes)))
const sink = fork(join(import.meta.dirname, 'sink.ts'))
stack.defer(() => sink.disconnect())
const [{ port }] = (await once(sink, 'message')) as [{ readonly port: number }]

const figures: Figure[] = []
for (const [name, queue] of [
  ['redis', redis.url],
  ['embedded', `embedded:${directory}/store`],
] as const) {
  const config = { ...configOf(queue, 'content', port), attachments: { roots: [directory] } }
  await using mailroom = createMailroom(config)
  const startedAt = performance.now()
  await mailroom.sendMany(mails())
  const enqueueSeconds = (performance.now() - startedAt) / 1000
  const producerMb = process.resourceUsage().maxRSS / 1024
  const child = fork(join(import.meta.dirname, 'content-worker.ts'), [
    queue,
    'content',
    String(port),
    String(count),
  ])
  const exited = once(child, 'exit')
  const [message] = await once(child, 'message')
  await exited
  const { seconds, cpuMs, maxRssMb } = message as Measured
  const measures = {
    's to enqueue': enqueueSeconds,
    'messages/s': count / seconds,
    'ms CPU per message': cpuMs / count,
    'MB of memory at most': maxRssMb,
    'MB of memory at most, producer': producerMb,
  }
  figures.push(...Object.entries(measures).map(([what, value]) => figure(name, what, [value])))
}
const settings = { count, megabytes: bytes / 1e6, sessions: 20, sink: 'our own in Node.js' }
const leftOut = 'no log and no metrics are written'
await tell({ benchmark: 'content', settings, leftOut, figures }, values.json)

function* mails() {
  for (let at = 0; at < count; at += 1) {
    yield {
      connection: 'sink' as const,
      message: {
        from: 'shop@example.com',
        to: `customer-${at}@example.org`,
        subject: `Your catalogue ${at}`,
        text: 'It is attached.',
        attachments: [{ path }],
      },
    }
  }
}
