/**
 * What it takes to put a message into the queue, beside BullMQ alone in one run:
 *
 *   many       `sendMany`, beside `addBulk` in chunks of the same size
 *   one        `send`, 50 at a time, beside `add`, 50 at a time
 *   one by one `send`, each after the answer to the one before, beside `add`
 *
 * Ours with all that it does: validation, digest, Message-ID, place in the queue, ledger record. The
 * message is that of `throughput.ts`. Contestants take turns, and the median of the rounds counts.
 *
 *   ./dev run bench/enqueue.ts [--count 3000] [--rounds 5]
 */
import { parseArgs } from 'node:util'

import { Queue } from 'bullmq'
import { Redis } from 'ioredis'

import { createMailroom } from '../src/index.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { configOf } from './config.ts'
import { messageTo } from './message.ts'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '3000' }, rounds: { type: 'string', default: '5' } },
})
const count = Number(values.count)
const rounds = Number(values.rounds)
const CHUNK = 500
const AT_ONCE = 50

await using stack = new AsyncDisposableStack()
const redis = stack.use(await startRedis())
const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
stack.defer(() => connection.quit().then(() => undefined))
const queue = new Queue('plain', { connection })
stack.defer(() => queue.close())
const mailroom = stack.use(createMailroom(configOf(redis.url, 'mailroom', 2525)))

const add = (at: number): Promise<unknown> => queue.add('send', messageTo(at))
const send = (at: number): Promise<unknown> =>
  mailroom.send({ connection: 'sink', message: messageTo(at) })

const contests: Readonly<Record<string, Readonly<Record<'plain' | 'ours', () => Promise<void>>>>> =
  {
    many: {
      plain: async () => {
        for (let from = 0; from < count; from += CHUNK) {
          await queue.addBulk(
            Array.from({ length: Math.min(CHUNK, count - from) }, (_, at) => ({
              name: 'send',
              data: messageTo(from + at),
            })),
          )
        }
      },
      ours: async () => {
        await mailroom.sendMany(mails(), { chunkSize: CHUNK })
      },
    },
    one: { plain: () => inLanes(AT_ONCE, add), ours: () => inLanes(AT_ONCE, send) },
    'one by one': { plain: () => inLanes(1, add), ours: () => inLanes(1, send) },
  }

for (const [name, { plain, ours }] of Object.entries(contests)) {
  const ratios = { speed: [] as number[], cpu: [] as number[], rate: [] as number[] }
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const theirs = await timed(plain)
    const mine = await timed(ours)
    if (round === 0) continue
    ratios.speed.push(theirs.ms / mine.ms)
    ratios.cpu.push(mine.cpuMs / theirs.cpuMs)
    ratios.rate.push((1000 * count) / mine.ms)
  }
  console.log(
    `${name.padEnd(11)} ${medianOf(ratios.rate).toFixed(0).padStart(6)} messages/s, ` +
      `${medianOf(ratios.speed).toFixed(2)} x BullMQ's alone, ` +
      `${medianOf(ratios.cpu).toFixed(2)} x its CPU in the application`,
  )
}

function* mails() {
  for (let at = 0; at < count; at += 1) {
    yield { connection: 'sink' as const, message: messageTo(at) }
  }
}

/** Calls `put` for every message, so many at a time. */
async function inLanes(lanes: number, put: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await put(next++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function timed(
  contest: () => Promise<void>,
): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const [at, cpu] = [performance.now(), process.cpuUsage()]
  await contest()
  const { user, system } = process.cpuUsage(cpu)
  const result = { ms: performance.now() - at, cpuMs: (user + system) / 1000 }
  await connection.flushall()
  return result
}

function medianOf(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
}
