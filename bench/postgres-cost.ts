/**
 * What one delivered message costs Postgres, by its own statistics and beside the plain worker on
 * Redis in one run:
 *
 *   transactions   that were committed, those of the worker's upkeep included
 *   syncs          of the log to the disk
 *   log            bytes that were written ahead
 *   rows           written, all versions of them; `in place` those that touched no index
 *
 * Over whole runs, from the start of a worker to its end. The processor time is that of the main
 * measure: of the worker, and of the store.
 *
 *   ./dev run bench/postgres-cost.ts [--count 4000] [--warm-up 1000] [--rounds 3] [--json FILE]
 */
import { parseArgs } from 'node:util'
import { join } from 'node:path'

import { openStore } from '../src/store/open.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { race, type Contestant, type Lap } from './race/race.ts'
import { openSink } from './race/sink.ts'
import { mailroomEmbedded, plainWorker } from './race/workers.ts'
import { figure, ratio, tell } from './report/report.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '4000' },
    'warm-up': { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
})
const distance = { count: Number(values.count), warmUp: Number(values['warm-up']) }
const rounds = Number(values.rounds)

await using stack = new AsyncDisposableStack()
const { path } = stack.use(await temporaryDirectory('disk'))
const redis = stack.use(await startRedis({ args: ['--dir', path] }))
const sink = stack.use(await openSink())

const STATISTICS = `
select d.xact_commit::float8 as transactions,
  (select sum(fsyncs)::float8 from pg_stat_io where object = 'wal') as syncs,
  (select wal_bytes::float8 from pg_stat_wal) as log,
  (d.tup_inserted + d.tup_updated + d.tup_deleted)::float8 as rows,
  (select sum(n_tup_hot_upd)::float8 from pg_stat_user_tables) as in_place
from pg_stat_database d where d.datname = current_database()`

type Statistics = Readonly<Record<string, number>>

const costs: Statistics[] = []
const plain = plainWorker(redis, sink.port)
const embedded = looking(mailroomEmbedded(path, sink.port))
const laps = new Map<string, Lap[]>()
for (let round = 0; round < rounds; round += 1) {
  for (const contestant of [plain, embedded]) {
    const lap = await race(contestant, sink, distance, round)
    laps.set(contestant.name, [...(laps.get(contestant.name) ?? []), lap])
    console.error(
      `round ${round + 1}  ${contestant.name.padEnd(26)} ${Math.round(lap.perSecond)}/s`,
    )
  }
}

const of = (name: string, what: string, measure: (lap: Lap) => number) =>
  figure(name, what, (laps.get(name) ?? []).map(measure))
const measured = (name: string) => ({
  speed: of(name, 'messages/s', ({ perSecond }) => perSecond),
  cpu: of(name, 'ms CPU per message', ({ cpuMs }) => cpuMs),
  store: of(name, 'ms CPU of the store per message', ({ storeCpuMs = Number.NaN }) => storeCpuMs),
})
const [theirs, ours] = [measured(plain.name), measured(embedded.name)]
const spent = Object.keys(costs[0] ?? {}).map((what) =>
  figure(
    embedded.name,
    `${what.replace('_', ' ')} per message`,
    costs.map((cost) => cost[what] ?? 0),
  ),
)
await tell(
  {
    benchmark: 'postgres-cost',
    settings: { ...distance, rounds, sessions: 20, sink: sink.name },
    figures: [...Object.values(theirs), ...Object.values(ours), ...spent],
    ratios: [
      ratio(ours.speed, theirs.speed, 0.8),
      ratio(ours.cpu, theirs.cpu),
      ratio(ours.store, theirs.store),
    ],
  },
  values.json,
)

/** Reads the server's statistics before a worker starts and when it has ended. */
function looking(contestant: Contestant): Contestant {
  return {
    ...contestant,
    async start(total, round) {
      const running = await contestant.start(total, round)
      const store = await openStore(`embedded:${join(path, `store-${round}`)}`, {
        patience: 'wait',
      })
      if (store.kind !== 'postgres') throw new Error('expected a Postgres')
      const look = async (): Promise<Statistics> =>
        (await store.pool.query<Statistics>(STATISTICS)).rows[0] ?? {}
      const before = await look()
      const taken = await sink.taken()
      return {
        ...running,
        async [Symbol.asyncDispose]() {
          const after = await look()
          const messages = (await sink.taken()) - taken
          costs.push(
            Object.fromEntries(
              Object.entries(after).map(([what, value]) => [
                what,
                (value - (before[what] ?? 0)) / messages,
              ]),
            ),
          )
          await store.close()
          await running[Symbol.asyncDispose]()
        },
      }
    },
  }
}
