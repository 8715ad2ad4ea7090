/**
 * What one delivered message costs Redis, ours beside the plain worker's in one run:
 *
 *   commands   `commandstats`, those inside scripts included
 *   trips      reads of Redis from its sockets: calls after pipelining
 *   cpu        of the Redis process, for its system calls included; `script` is the time inside of scripts
 *   in, out    bytes on the network
 *   waiting    memory for one message in the queue, its record included; `kept` after its delivery
 *
 * Each in the queue and out of it. The messages are those of `throughput.ts`; of the plain worker's,
 * nothing is kept. `--trace` prints how often each command is called.
 *
 *   ./dev run bench/redis-cost.ts [--count 4000] [--trace] [--json FILE]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { Queue } from 'bullmq'
import { Redis } from 'ioredis'

import { createMailroom } from '../src/index.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { configOf } from './config.ts'
import { messageTo } from './message.ts'
import { figure, tell, type Figure } from './report/report.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '4000' },
    trace: { type: 'boolean' },
    json: { type: 'string' },
  },
})
const count = Number(values.count)

/** Of a whole phase. */
interface Cost {
  readonly commands: number
  readonly trips: number
  readonly userMs: number
  readonly systemMs: number
  readonly scriptMs: number
  readonly inBytes: number
  readonly outBytes: number
  readonly memory: number
  readonly calls: ReadonlyMap<string, number>
}

await using stack = new AsyncDisposableStack()
const redis = stack.use(await startRedis())
const info = new Redis(redis.url)
stack.defer(() => info.quit().then(() => undefined))
const sink = fork(join(import.meta.dirname, 'sink.ts'))
stack.defer(() => sink.disconnect())
const [{ port }] = (await once(sink, 'message')) as [{ readonly port: number }]

const contestants = {
  plain: { fill: fillPlain, deliver: () => worker('plain-worker.ts', redis.url, 'plain') },
  mailroom: {
    fill: fillOurs,
    deliver: () => worker('mailroom-worker.ts', redis.url, 'mailroom'),
  },
}

const phases = new Map<string, Map<string, Cost>>()
for (const [name, { fill, deliver }] of Object.entries(contestants)) {
  const costs = new Map<string, Cost>()
  costs.set('enqueue', await costOf(fill))
  costs.set('deliver', await costOf(deliver))
  phases.set(name, costs)
}
const figures: Figure[] = []
for (const phase of ['enqueue', 'deliver']) {
  const [plain, ours] = ['plain', 'mailroom'].map((name) => phases.get(name)?.get(phase))
  if (plain === undefined || ours === undefined) continue
  print(phase, plain, ours)
  figures.push(
    ...figuresOf(`plain worker, ${phase}`, plain),
    ...figuresOf(`Mailroom, ${phase}`, ours),
  )
}
await tell({ benchmark: 'redis-cost', settings: { count, sink: 'our own' }, figures }, values.json)

function figuresOf(of: string, cost: Cost): readonly Figure[] {
  const each = (what: string, value: number): Figure => figure(of, what, [value / count])
  return [
    each('commands per message', cost.commands),
    each('trips per message', cost.trips),
    each('us CPU per message', (cost.userMs + cost.systemMs) * 1000),
    each('bytes of memory per message', cost.memory),
  ]
}

async function fillPlain(): Promise<void> {
  const queue = new Queue('plain', { connection: { url: redis.url } })
  const jobs = Array.from({ length: count }, (_, at) => ({ name: 'send', data: messageTo(at) }))
  for (let at = 0; at < count; at += 500) await queue.addBulk(jobs.slice(at, at + 500))
  await queue.close()
}

async function fillOurs(): Promise<void> {
  await using mailroom = createMailroom(configOf(redis.url, 'mailroom', port))
  await mailroom.sendMany(
    Array.from({ length: count }, (_, at) => ({
      connection: 'sink' as const,
      message: messageTo(at),
    })),
  )
}

/** Lets a worker of the main measure deliver all of it, and ends it in good order. */
async function worker(program: string, url: string, name: string): Promise<void> {
  const args = [url, name, port].map(String)
  const before = await taken()
  const child = fork(join(import.meta.dirname, 'race/programs', program), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit')
  while ((await taken()) < before + count) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
    await sleep(20)
  }
  child.disconnect()
  await gone
}

async function taken(): Promise<number> {
  const answer = once(sink, 'message')
  sink.send('taken')
  const [message] = (await answer) as [{ readonly taken: number }]
  return message.taken
}

async function costOf(phase: () => Promise<void>): Promise<Cost> {
  const before = await look()
  await phase()
  const after = await look()
  const calls = new Map(
    [...after.calls].map(([name, called]) => [name, called - (before.calls.get(name) ?? 0)]),
  )
  return {
    commands: after.commands - before.commands,
    trips: after.trips - before.trips,
    userMs: after.userMs - before.userMs,
    systemMs: after.systemMs - before.systemMs,
    scriptMs: after.scriptMs - before.scriptMs,
    inBytes: after.inBytes - before.inBytes,
    outBytes: after.outBytes - before.outBytes,
    memory: after.memory - before.memory,
    calls,
  }
}

async function look(): Promise<Cost> {
  const text = await info.info('everything')
  const number = (name: string): number =>
    Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1] ?? 0)
  const calls = new Map<string, number>()
  let scriptMs = 0
  for (const [, name = '', called, usec] of text.matchAll(
    /^cmdstat_(\S+):calls=(\d+),usec=(\d+)/gm,
  )) {
    if (name === 'info') continue
    calls.set(name, Number(called))
    // Scripts count what they call; what is called outside of them is small beside that.
    if (/^(?:eval|evalsha)$/.test(name)) scriptMs += Number(usec) / 1000
  }
  return {
    commands: [...calls.values()].reduce((sum, called) => sum + called, 0),
    trips: number('total_reads_processed'),
    userMs: 1000 * number('used_cpu_user'),
    systemMs: 1000 * number('used_cpu_sys'),
    scriptMs,
    inBytes: number('total_net_input_bytes'),
    outBytes: number('total_net_output_bytes'),
    memory: number('used_memory_dataset'),
    calls,
  }
}

function print(phase: string, plain: Cost, ours: Cost): void {
  const row = (name: string, of: (cost: Cost) => number, digits = 1) => {
    const [theirs, mine] = [of(plain) / count, of(ours) / count]
    return {
      [name]: {
        plain: Number(theirs.toFixed(digits)),
        mailroom: Number(mine.toFixed(digits)),
        ratio: Number((mine / theirs).toFixed(2)),
      },
    }
  }
  console.log(`\n${phase}, per message`)
  console.table({
    ...row('commands', ({ commands }) => commands),
    ...row('trips', ({ trips }) => trips, 2),
    ...row('cpu us', ({ userMs, systemMs }) => (userMs + systemMs) * 1000),
    ...row('system cpu us', ({ systemMs }) => systemMs * 1000),
    ...row('script us', ({ scriptMs }) => scriptMs * 1000),
    ...row('in bytes', ({ inBytes }) => inBytes, 0),
    ...row('out bytes', ({ outBytes }) => outBytes, 0),
    ...(phase === 'enqueue' && row('waiting bytes', ({ memory }) => memory, 0)),
  })
  if (phase === 'deliver') {
    console.log(`kept by the ledger: ${Math.round(kept() / count)} bytes per delivered message`)
  }
  if (values.trace !== true) return
  const names = new Set([...plain.calls.keys(), ...ours.calls.keys()])
  const often = [...names].map((name) => ({
    name,
    plain: (plain.calls.get(name) ?? 0) / count,
    mailroom: (ours.calls.get(name) ?? 0) / count,
  }))
  console.table(
    often
      .filter((each) => each.plain + each.mailroom > 0.05)
      .toSorted((a, b) => b.mailroom - a.mailroom),
  )
}

function kept(): number {
  const ours = phases.get('mailroom')
  return (ours?.get('enqueue')?.memory ?? 0) + (ours?.get('deliver')?.memory ?? 0)
}
