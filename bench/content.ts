/**
 * What large attachments cost: one file of 25 MB to many recipients, each with a message of their
 * own, over 20 sessions of one worker. Tells what the store keeps of it, and the most memory that the
 * worker process ever had (its resident set, as the kernel counts it).
 *
 *   ./dev run bench/content.ts [--count 1000] [--megabytes 25]
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

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    megabytes: { type: 'string', default: '25' },
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
  console.log(
    `${name.padEnd(9)} ${count} x ${bytes / 1e6} MB: enqueued in ${enqueueSeconds.toFixed(1)} s ` +
      `(producer at most ${Math.round(producerMb)} MB), delivered in ${seconds.toFixed(1)} s, ` +
      `${(cpuMs / count).toFixed(1)} ms CPU each, worker at most ${Math.round(maxRssMb)} MB`,
  )
}

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
