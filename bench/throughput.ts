/**
 * Messages per second and CPU per message of one worker process, side by side in one run:
 *
 *   plain      the worker that the documentations of BullMQ and nodemailer lead to
 *   mailroom   ours on the same Redis, everything on
 *   embedded   ours on the embedded store
 *
 * All send the same 2.4 kB of text and HTML to distinct recipients, into the same sink, from queues
 * that were filled before. Contestants take turns, and the median of the rounds counts. The start of
 * a program is left out, the start of taking is not.
 *
 *   ./dev run bench/throughput.ts [--count 5000] [--rounds 3]
 *
 * Redis comes from REDIS_URL, else from the same places as for the tests.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Queue } from 'bullmq'

import { createMailroom } from '../src/index.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { configOf } from './config.ts'
import type { Measured } from './measured.ts'
import { messageTo } from './message.ts'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '5000' }, rounds: { type: 'string', default: '3' } },
})
const count = Number(values.count)
const rounds = Number(values.rounds)

await using stack = new AsyncDisposableStack()
const redis = stack.use(await startRedis())
const directory = await mkdtemp(join(tmpdir(), 'mailroom-bench-'))
await chmod(directory, 0o711)
stack.defer(() => rm(directory, { recursive: true, force: true }))
const sink = fork(join(import.meta.dirname, 'sink.ts'))
stack.defer(() => sink.disconnect())
const [{ port }] = (await once(sink, 'message')) as [{ readonly port: number }]

const contestants: Readonly<Record<string, (round: number) => Promise<Measured>>> = {
  plain: async (round) => {
    const name = `plain-${round}`
    const queue = new Queue(name, { connection: { url: redis.url } })
    const jobs = Array.from({ length: count }, (_, at) => ({ name: 'send', data: messageTo(at) }))
    for (let at = 0; at < count; at += 1_000) await queue.addBulk(jobs.slice(at, at + 1_000))
    const result = await contest('plain-worker.ts', [redis.url, name, port, count])
    await queue.close()
    return result
  },
  mailroom: async (round) => ours(redis.url, `mailroom-${round}`),
  embedded: async (round) => ours(`embedded:${directory}/store-${round}`, 'mailroom'),
}

const results = new Map<string, Measured[]>(Object.keys(contestants).map((name) => [name, []]))
for (let round = 0; round < rounds; round += 1) {
  for (const [name, run] of Object.entries(contestants)) {
    const result = await run(round)
    results.get(name)?.push(result)
    console.log(`round ${round + 1}  ${line(name, result)}`)
  }
}

console.log(`\nmedian of ${rounds} rounds of ${count} messages`)
const medians = new Map([...results].map(([name, all]) => [name, medianOf(all)]))
for (const [name, median] of medians) console.log(line(name, median))
const plain = medians.get('plain')
for (const [name, { seconds, cpuMs }] of medians) {
  if (name === 'plain' || plain === undefined) continue
  const speed = (plain.seconds / seconds).toFixed(2)
  const cpu = (cpuMs / plain.cpuMs).toFixed(2)
  console.log(`${name}: ${speed} x the plain worker's messages/s, ${cpu} x its CPU per message`)
}

async function ours(queue: string, prefix: string): Promise<Measured> {
  await using mailroom = createMailroom(configOf(queue, prefix, port))
  await mailroom.sendMany(mails())
  return await contest('mailroom-worker.ts', [queue, prefix, port, count])
}

function* mails() {
  for (let at = 0; at < count; at += 1) {
    yield { connection: 'sink' as const, message: messageTo(at) }
  }
}

async function contest(program: string, args: readonly (string | number)[]): Promise<Measured> {
  const child = fork(join(import.meta.dirname, program), args.map(String), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const message = await Promise.race([once(child, 'message'), exited.then(() => undefined)])
  if (message === undefined) throw new Error(`${program} ended without a result`)
  await exited
  return (message as [Measured])[0]
}

function medianOf(all: readonly Measured[]): Measured {
  const sorted = all.toSorted((a, b) => a.seconds - b.seconds)
  const median = sorted[Math.floor(sorted.length / 2)]
  if (median === undefined) throw new Error('no rounds')
  return median
}

function line(name: string, { seconds, cpuMs, rssMb }: Measured): string {
  const rate = Math.round(count / seconds)
  const cpu = (cpuMs / count).toFixed(3)
  return `${name.padEnd(10)} ${String(rate).padStart(6)} messages/s  ${cpu} ms CPU each  ${Math.round(rssMb)} MB`
}
