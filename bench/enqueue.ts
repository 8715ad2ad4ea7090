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
 *   ./dev run bench/enqueue.ts [--count 3000] [--rounds 5] [--json FILE]
 */
import { parseArgs } from 'node:util'

import { Queue } from 'bullmq'
import { Redis } from 'ioredis'

import { createMailroom } from '../src/index.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { configOf } from './config.ts'
import { messageTo } from './message.ts'
import { figure, ratio, tell, type Figure, type Ratio } from './report/report.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
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

/** What is wanted of the speed, beside BullMQ's own; one after the other is told and not aimed at. */
const AIMS: Readonly<Record<string, number>> = { many: 0.6, one: 0.7 }
const figures: Figure[] = []
const ratios: Ratio[] = []
for (const [name, { plain, ours }] of Object.entries(contests)) {
  const times = { plain: [] as Timed[], ours: [] as Timed[] }
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const [theirs, mine] = [await timed(plain), await timed(ours)]
    if (round === 0) continue
    times.plain.push(theirs)
    times.ours.push(mine)
  }
  const rate = (of: string, all: readonly Timed[]): Figure =>
    figure(
      of,
      'messages/s',
      all.map(({ ms }) => (1000 * count) / ms),
    )
  const cpu = (of: string, all: readonly Timed[]): Figure =>
    figure(
      of,
      'ms CPU of the application per message',
      all.map(({ cpuMs }) => cpuMs / count),
    )
  const [mine, theirs] = [`Mailroom, ${name}`, `BullMQ, ${name}`]
  const speeds = [rate(mine, times.ours), rate(theirs, times.plain)] as const
  const costs = [cpu(mine, times.ours), cpu(theirs, times.plain)] as const
  figures.push(speeds[0], costs[0], speeds[1], costs[1])
  ratios.push(ratio(...speeds, AIMS[name]), ratio(...costs))
}
const settings = { count, rounds, chunk: CHUNK, 'at once': AT_ONCE }
const leftOut = 'nothing is sent: no worker runs'
await tell({ benchmark: 'enqueue', settings, leftOut, figures, ratios }, values.json)

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

interface Timed {
  readonly ms: number
  readonly cpuMs: number
}

async function timed(contest: () => Promise<void>): Promise<Timed> {
  const [at, cpu] = [performance.now(), process.cpuUsage()]
  await contest()
  const { user, system } = process.cpuUsage(cpu)
  const result = { ms: performance.now() - at, cpuMs: (user + system) / 1000 }
  await connection.flushall()
  return result
}
