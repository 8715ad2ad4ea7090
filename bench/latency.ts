/**
 * How long a message takes from the call of `send` to the server's 250, over loopback, with sessions
 * that are open:
 *
 *   bare session              says envelope and body to the server, and is nothing else: its own time
 *   plain worker              what the documentations of BullMQ and nodemailer lead to
 *   Mailroom on Redis         everything on
 *   Mailroom, embedded store  everything on
 *
 * First one message at a time on an idle system, with the time that `send` itself took; then at a steady
 * rate, by default half of what the plain worker delivered just before. The server answers at once, and
 * is in the process that enqueues: one clock tells both times. Contestants take turns.
 *
 *   ./dev run bench/latency.ts [--count 500] [--rate 300] [--rounds 3] [--json FILE]
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { startAnsweringServer } from './latency/answering-server.ts'
import {
  bareSession,
  mailroomEmbedded,
  mailroomOnRedis,
  plainWorker,
  type Sender,
} from './latency/contestants.ts'
import { figure, ratio, tell, type Figure, type Ratio } from './report/report.ts'

// So that what ends the servers, when this process does, is called.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    rate: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
})
const [count, rounds] = [Number(values.count), Number(values.rounds)]
/** Sessions and code are warm after these. */
const WARM_UP = 200
/** So much later than the server itself a message may be there, at most. */
const AIM_MS = 1.5
const ABOVE = 'ms more than the server itself, idle, p50'

await using stack = new AsyncDisposableStack()
const { path } = stack.use(await temporaryDirectory('disk'))
const redis = stack.use(await startRedis({ args: ['--dir', path] }))
const server = stack.use(await startAnsweringServer())
const bare = bareSession(server.port)
const plain = plainWorker(redis, server.port)
const ours = [mailroomOnRedis(redis, server.port), mailroomEmbedded(path, server.port)]

/** By contestant and what it is, round by round. */
const found = new Map<string, Map<string, number[]>>()
let rate = Number(values.rate ?? 0)
for (let round = 0; round < rounds; round += 1) {
  for (const contestant of [bare, plain, ...ours]) {
    const { name } = contestant
    await using sender = await contestant.open(round)
    server.forget()
    for (let at = 0; at < WARM_UP; at += 1) await deliver(sender, at)
    const idle = await oneByOne(sender, WARM_UP)
    note(name, idle, 'idle')
    // A bare session carries one message at a time: it has no load to speak of.
    if (contestant === bare) continue
    if (rate === 0) rate = Math.max(1, Math.floor((await fastest(sender, WARM_UP + count)) / 2))
    note(name, await steadily(sender, WARM_UP + 2 * count), 'loaded')
    console.error(`round ${round + 1}  ${name}`)
  }
}

const figures = [...found].flatMap(([of, whats]) =>
  [...whats].map(([what, all]) => figure(of, what, all)),
)
const settings = { count, warmUp: WARM_UP, rounds, rate, sessions: 20, sink: 'answers at once' }
await tell({ benchmark: 'latency', settings, figures, ratios: ratios() }, values.json)

interface Times {
  /** From the call to the server's 250. */
  readonly delivered: number
  /** From the call to its answer. */
  readonly taken: number
}

async function deliver(sender: Sender, at: number): Promise<Times> {
  const answered = server.answered(at)
  const from = performance.now()
  await sender.send(at)
  const taken = performance.now() - from
  return { taken, delivered: (await answered) - from }
}

async function oneByOne(sender: Sender, from: number): Promise<readonly Times[]> {
  const all: Times[] = []
  for (let at = 0; at < count; at += 1) {
    all.push(await deliver(sender, from + at))
    // What is written down behind the 250 is not to meet the next one.
    await sleep(5)
  }
  return all
}

async function steadily(sender: Sender, from: number): Promise<readonly Times[]> {
  const startedAt = performance.now()
  const all: Promise<Times>[] = []
  for (let at = 0; at < count; at += 1) {
    const dueIn = startedAt + (at * 1000) / rate - performance.now()
    if (dueIn > 0) await sleep(dueIn)
    all.push(deliver(sender, from + at))
  }
  return Promise.all(all)
}

/** Messages per second when all are handed in at once. */
async function fastest(sender: Sender, from: number): Promise<number> {
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: count }, (_, at) => deliver(sender, from + at)))
  return count / ((performance.now() - startedAt) / 1000)
}

function note(name: string, times: readonly Times[], state: 'idle' | 'loaded'): void {
  const whats = found.get(name) ?? new Map<string, number[]>()
  found.set(name, whats)
  const add = (what: string, value: number): void => {
    whats.set(what, [...(whats.get(what) ?? []), value])
  }
  const delivered = times.map((one) => one.delivered)
  for (const part of [50, 99]) {
    add(`ms to the 250, ${state}, p${part}`, percentile(delivered, part))
    if (name === bare.name || state === 'loaded') continue
    const taken = times.map((one) => one.taken)
    add(`ms to enqueue, ${state}, p${part}`, percentile(taken, part))
  }
  if (name === bare.name || state === 'loaded') return
  const own = found.get(bare.name)?.get('ms to the 250, idle, p50')?.at(-1) ?? Number.NaN
  add(ABOVE, percentile(delivered, 50) - own)
}

function percentile(all: readonly number[], part: number): number {
  const sorted = all.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * part) / 100))] ?? Number.NaN
}

/** What was aimed at: each beside the time that it may take, and beside the plain worker. */
function ratios(): readonly Ratio[] {
  const above = figures.filter(({ what }) => what === ABOVE)
  const of = (name: string): Figure | undefined => above.find((one) => one.of === name)
  const others = of(plain.name)
  return ours.flatMap(({ name }) => {
    const mine = of(name)
    if (mine === undefined) return []
    const most = figure(
      `${AIM_MS} ms`,
      ABOVE,
      mine.rounds.map(() => AIM_MS),
    )
    return [ratio(most, mine, 1), ...(others ? [ratio(mine, others)] : [])]
  })
}
