/**
 * Whether Mailroom has become dear: its processor time and Redis commands per message, beside the plain
 * worker in the same run, against wide bounds. It says nothing of speed, which a busy machine decides.
 *
 *   ./dev run bench/regression.ts [--count 1000] [--rounds 3] [--json FILE]
 *
 * Ends with 1 when a bound is broken. Linux, with a Redis from the places of the tests.
 */
import { parseArgs } from 'node:util'

import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { figuresOf } from './race/figures.ts'
import { race, type Lap } from './race/race.ts'
import { openSink } from './race/sink.ts'
import { mailroomOnRedis, plainWorker } from './race/workers.ts'
import { ratio, tell, type Figure } from './report/report.ts'

/** Ours to the plain worker's. */
const MOST_CPU = 0.9
/** What was counted when this was written, with a full queue. */
const COMMANDS = 42.5
const MORE_COMMANDS = 1.1

// So that what ends the servers, when this process does, is called.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
})
const distance = { warmUp: 800, count: Number(values.count) }

await using stack = new AsyncDisposableStack()
const { path } = stack.use(await temporaryDirectory('disk'))
const redis = stack.use(await startRedis({ args: ['--dir', path] }))
const sink = stack.use(await openSink())
const contestants = [plainWorker(redis, sink.port), mailroomOnRedis(redis, sink.port)]
const laps = new Map<string, Lap[]>(contestants.map(({ name }) => [name, []]))
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const contestant of contestants) {
    laps.get(contestant.name)?.push(await race(contestant, sink, distance, round))
  }
}
const figures = [...laps].flatMap(([name, all]) => figuresOf(name, all))
const cpu = ratio(
  find('Mailroom on Redis', 'ms CPU per message'),
  find('plain worker', 'ms CPU per message'),
)
const commands = find('Mailroom on Redis', 'Redis commands per message')
const settings = { ...distance, rounds: values.rounds, sink: sink.name }
await tell({ benchmark: 'regression', settings, figures, ratios: [cpu] }, values.json)

const wrongs = [
  ...(cpu.median > MOST_CPU
    ? [
        `a message costs ${cpu.median} of the plain worker's processor time; ${MOST_CPU} is the most`,
      ]
    : []),
  ...(commands.median > COMMANDS * MORE_COMMANDS
    ? [`a message costs ${commands.median} Redis commands; it was ${COMMANDS}`]
    : []),
]
for (const wrong of wrongs) console.error(`Dearer than it was: ${wrong}.`)
if (wrongs.length > 0) process.exitCode = 1

function find(of: string, what: string): Figure {
  const found = figures.find((one) => one.of === of && one.what === what)
  if (found === undefined) throw new Error(`nothing tells the ${what} of ${of}`)
  return found
}
