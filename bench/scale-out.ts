/**
 * What becomes of the processor time per message as workers are added, and what is at its limit first:
 * one, two and four worker processes on one Redis, and on a Redis Cluster of three nodes on this
 * machine, all of them delivering the mail of several names into one sink.
 *
 *   ./dev run bench/scale-out.ts [--workers 1,2,4] [--names 12] [--count 6000] [--warm-up 4000]
 *                                [--rounds 5] [--places redis,cluster] [--json FILE]
 *
 * All of it shares the cores of this machine, so that messages per second say little where there are
 * fewer cores than processes: what says something is the processor time of each, and with it how many
 * messages a second the one core of a Redis could take ("at most").
 */
import { parseArgs } from 'node:util'

import { createMailroom } from '../src/index.ts'
import { startRedisCluster } from '../test/support/redis-cluster.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { configOfMany, managerAt } from './config.ts'
import { messageTo } from './message.ts'
import { figuresOf } from './race/figures.ts'
import { race, type Contestant, type Running } from './race/race.ts'
import { openSink } from './race/sink.ts'
import { nodeFigures, type NodeLap } from './scale-out/nodes.ts'
import { spreadOf, workersOn, type Place, type Spread } from './scale-out/workers.ts'
import { figure, ratio, tell } from './report/report.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '1,2,4' },
    names: { type: 'string', default: '12' },
    count: { type: 'string', default: '6000' },
    'warm-up': { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '5' },
    places: { type: 'string', default: 'redis,cluster' },
    json: { type: 'string' },
  },
})
const [names, rounds] = [Number(values.names), Number(values.rounds)]
const distance = { count: Number(values.count), warmUp: Number(values['warm-up']) }
const workers = values.workers.split(',').map(Number)

const ONE = 'one Redis'
const CLUSTER = 'a cluster'

await using stack = new AsyncDisposableStack()
const { path } = stack.use(await temporaryDirectory('disk'))
const sink = stack.use(await openSink())
const places: Place[] = []
if (values.places.includes('redis')) {
  const redis = stack.use(await startRedis({ args: ['--dir', path] }))
  places.push({ name: ONE, url: redis.url, nodes: [redis] })
}
if (values.places.includes('cluster')) {
  const { url, nodes } = stack.use(await startRedisCluster())
  places.push({ name: CLUSTER, url, nodes })
}

/** Of the start that was last. */
let spread: Spread | undefined
const contestants = places.flatMap((place) =>
  workers.map((count): Contestant => {
    const name = nameOf(count, place)
    return { name, start: (total, round) => start(place, count, total, round) }
  }),
)

const laps = new Map<string, NodeLap[]>()
for (let round = 0; round < rounds; round += 1) {
  for (const one of contestants) {
    const lap = await race(one, sink, distance, round)
    if (spread === undefined) throw new Error('it was not started')
    laps.set(one.name, [...(laps.get(one.name) ?? []), { lap, spread }])
    console.error(`round ${round + 1}  ${one.name.padEnd(26)} ${Math.round(lap.perSecond)}/s`)
  }
}

const measured = [...laps].flatMap(([name, all]) =>
  figuresOf(
    name,
    all.map(({ lap }) => lap),
  ),
)
const ceilings = measured
  .filter(({ of, what }) => of.endsWith(ONE) && what === 'ms CPU of the store per message')
  .map(({ of, rounds: each }) =>
    figure(
      of,
      'messages/s at most, of one core of Redis',
      each.map((ms) => 1_000 / ms),
    ),
  )
const nodes = [...laps]
  .filter(([name]) => name.endsWith(CLUSTER))
  .flatMap(([name, all]) => nodeFigures(name, all))
const ratios = places.flatMap((place) =>
  workers.slice(1).flatMap((count) =>
    [
      'ms CPU per message',
      'ms CPU of the store per message',
      'Redis commands per message',
      'messages/s',
    ].flatMap((what) => {
      const [few, many] = [workers[0] ?? 1, count].map((of) =>
        measured.find((each) => each.of === nameOf(of, place) && each.what === what),
      )
      return few && many ? [ratio(many, few)] : []
    }),
  ),
)
await tell(
  {
    benchmark: 'scale-out',
    settings: { workers: values.workers, names, ...distance, rounds, sink: sink.name },
    figures: [...measured, ...ceilings, ...nodes],
    ratios,
  },
  values.json,
)

function nameOf(count: number, { name }: Place): string {
  return `${count === 1 ? 'one worker' : `${count} workers`}, ${name}`
}

/** Fills the queues of all names alike, and starts the workers. */
async function start(place: Place, count: number, total: number, round: number): Promise<Running> {
  const prefix = `scale-${count}-${round}`
  {
    await using mailroom = createMailroom(configOfMany(place.url, prefix, sink.port, names))
    await mailroom.sendMany(mails(total))
  }
  spread = await spreadOf(place, prefix)
  return workersOn(spread.nodes, count, [place.url, prefix, sink.port, names])
}

function* mails(total: number) {
  for (let at = 0; at < total; at += 1) {
    yield { connection: managerAt(at % names), message: messageTo(at) }
  }
}
