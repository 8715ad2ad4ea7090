/**
 * What managers cost that have little to do: messages per second and processor time per message of one
 * worker with one manager and with many, whose mail is mixed, on Redis and on the embedded store; and
 * of the same workers without mail, memory, requests of the store and processor time per manager.
 *
 *   ./dev run bench/managers.ts [--managers 500] [--count 12000] [--warm-up 6000] [--rounds 5]
 *                               [--stores redis,embedded] [--json FILE]
 *
 * A worker delivers a thousand messages at once, with many managers: fewer than a few thousand
 * messages measure how it fills up and not how it goes on.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Redis } from 'ioredis'

import { createMailroom } from '../src/index.ts'
import { openStore } from '../src/store/open.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { configOfMany, managerAt } from './config.ts'
import { idleOf, perManager, type Idle, type StoreWork } from './managers/idle.ts'
import { messageTo } from './message.ts'
import { figuresOf } from './race/figures.ts'
import { race, type Contestant, type Lap, type Running } from './race/race.ts'
import { openSink } from './race/sink.ts'
import { commandsIn, forkProgram, onRedis, serverIn } from './race/workers.ts'
import { ratio, tell, type Figure } from './report/report.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    managers: { type: 'string', default: '500' },
    count: { type: 'string', default: '12000' },
    'warm-up': { type: 'string', default: '6000' },
    rounds: { type: 'string', default: '5' },
    stores: { type: 'string', default: 'redis,embedded' },
    json: { type: 'string' },
  },
})
const [managers, rounds] = [Number(values.managers), Number(values.rounds)]
const distance = { count: Number(values.count), warmUp: Number(values['warm-up']) }

await using stack = new AsyncDisposableStack()
const { path } = stack.use(await temporaryDirectory('disk'))
const redis = stack.use(await startRedis({ args: ['--dir', path] }))
const sink = stack.use(await openSink())

interface Place {
  readonly name: string
  fill(count: number, total: number, round: number): Promise<Running>
  idle(count: number): Promise<Idle>
}

const PLACES: Readonly<Record<string, Place>> = {
  redis: { name: 'Redis', fill: fillRedis, idle: idleOnRedis },
  embedded: { name: 'the embedded store', fill: fillEmbedded, idle: idleOnEmbedded },
}
const places = values.stores.split(',').map((name) => {
  const place = PLACES[name]
  if (place === undefined) throw new Error(`--stores: expected redis or embedded, got "${name}"`)
  return place
})
const contestants = places.flatMap((place) =>
  [1, managers].map((count): Contestant => ({
    name: nameOf(count, place),
    start: (total, round) => place.fill(count, total, round),
  })),
)

const laps = new Map<string, Lap[]>()
for (let round = 0; round < rounds; round += 1) {
  for (const one of contestants) {
    const lap = await race(one, sink, distance, round)
    laps.set(one.name, [...(laps.get(one.name) ?? []), lap])
    console.error(`round ${round + 1}  ${one.name.padEnd(40)} ${Math.round(lap.perSecond)}/s`)
  }
}

const figures = [...laps].flatMap(([name, all]) => figuresOf(name, all))
const ratios = places.flatMap((place) =>
  ['messages/s', 'ms CPU per message', 'ms CPU of the store per message'].flatMap((what) => {
    const [one, many] = [1, managers].map((count) =>
      figures.find((each) => each.of === nameOf(count, place) && each.what === what),
    )
    if (one === undefined || many === undefined) return []
    if (what === 'messages/s') return [ratio(many, one, 0.75)]
    // The other way round, since an aim is the least: with many at most a quarter more than with one.
    return [what === 'ms CPU per message' ? ratio(one, many, 0.8) : ratio(many, one)]
  }),
)
const idle: Figure[] = []
for (const place of places) {
  const [one, many] = [await place.idle(1), await place.idle(managers)]
  idle.push(...perManager(place.name, one, many, managers - 1))
}
await tell(
  {
    benchmark: 'managers',
    settings: { managers, ...distance, rounds, sink: sink.name },
    figures: [...figures, ...idle],
    ratios,
  },
  values.json,
)

function nameOf(count: number, { name }: Place): string {
  return count === 1 ? `one manager, ${name}` : `${count} managers, ${name}`
}

async function fillRedis(count: number, total: number, round: number): Promise<Running> {
  const prefix = `managers-${count}-${round}`
  await using mailroom = createMailroom(configOfMany(redis.url, prefix, sink.port, count))
  await mailroom.sendMany(mails(total, count))
  return await onRedis(redis, 'mailroom-worker.ts', [redis.url, prefix, sink.port, count])
}

async function fillEmbedded(count: number, total: number, round: number): Promise<Running> {
  const directory = join(path, `store-${count}-${round}`)
  const store = `embedded:${directory}`
  await using filling = new AsyncDisposableStack()
  // Whoever leaves last stops the server: the worker must find it.
  const mailroom = filling.use(createMailroom(configOfMany(store, 'mailroom', sink.port, count)))
  await mailroom.sendMany(mails(total, count))
  const storePids = [await serverIn(directory)]
  const child = filling.use(
    forkProgram('mailroom-worker.ts', [store, 'mailroom', sink.port, count]),
  )
  const kept = filling.move()
  return { pids: child.pids, storePids, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function* mails(total: number, count: number) {
  for (let at = 0; at < total; at += 1) {
    yield { connection: managerAt(at % count), message: messageTo(at) }
  }
}

async function idleOnRedis(count: number): Promise<Idle> {
  const args = [redis.url, `idle-${count}`, sink.port, count]
  await using worker = await onRedis(redis, 'mailroom-worker.ts', args)
  await using held = new AsyncDisposableStack()
  const client = held.adopt(new Redis(redis.url), async (open) => void (await open.quit()))
  return await idleOf(worker, async (): Promise<StoreWork> => {
    const text = await client.info('everything')
    const [, connections] = /^connected_clients:(\d+)/m.exec(text) ?? []
    return { connections: Number(connections), asked: commandsIn(text) }
  })
}

async function idleOnEmbedded(count: number): Promise<Idle> {
  const directory = join(path, `idle-${count}`)
  const location = `embedded:${directory}`
  await using store = await openStore(location, { patience: 'wait', schema: 'mailroom' })
  if (store.kind !== 'postgres') throw new Error('expected Postgres')
  const { pool } = store
  await pool.query('select 1')
  await using child = forkProgram('mailroom-worker.ts', [location, 'mailroom', sink.port, count])
  const worker = { ...child, storePids: [await serverIn(directory)] }
  return await idleOf(worker, async (): Promise<StoreWork> => {
    const { rows } = await pool.query<{ connections: number; asked: number }>(
      `select numbackends as connections, (xact_commit + xact_rollback)::float8 as asked
       from pg_stat_database where datname = current_database()`,
    )
    const [{ connections, asked } = { connections: Number.NaN, asked: Number.NaN }] = rows
    return { connections, asked }
  })
}
