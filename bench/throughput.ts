/**
 * The main measure: messages per second and processor time per message of one worker process, beside
 * everybody else who delivers mail, in one run and into one sink:
 *
 *   plain worker               what the documentations of BullMQ and nodemailer lead to
 *   nodemailer's pool          without any queue
 *   Postfix, relaying          takes in and passes on, its queue on disk
 *   Postfix, from its queue    which was filled before
 *   smtp-source                without any queue: the practical limit
 *   Mailroom on Redis          everything on
 *   Mailroom, embedded store   everything on
 *
 * All send 2.4 kB of text and HTML to distinct recipients, and queues were filled before (but where
 * Postfix relays). The sink counts and the kernel tells the processor time, from the message at which a
 * contestant is warm to the last one. Contestants take turns; what counts is the median of the rounds.
 *
 *   ./dev run bench/throughput.ts [--count 5000] [--warm-up 2000] [--rounds 5] [--json FILE]
 *
 * Linux, where the kernel tells of processor time. Postfix and its programs come from the distribution.
 */
import { parseArgs } from 'node:util'

import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { mainRatios } from './race/aims.ts'
import { figuresOf } from './race/figures.ts'
import { postfixQueue, postfixRelay, smtpSource } from './race/in-c.ts'
import { race, type Contestant, type Lap } from './race/race.ts'
import { openSink } from './race/sink.ts'
import { mailroomEmbedded, mailroomOnRedis, plainWorker, pool } from './race/workers.ts'
import { tell } from './report/report.ts'

// So that what ends the servers, when this process does, is called.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    'warm-up': { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
})
const distance = { count: Number(values.count), warmUp: Number(values['warm-up']) }
const rounds = Number(values.rounds)

await using stack = new AsyncDisposableStack()
const { path } = stack.use(await temporaryDirectory('disk'))
const redis = stack.use(await startRedis({ args: ['--dir', path] }))
const sink = stack.use(await openSink())
const contestants: readonly Contestant[] = [
  plainWorker(redis, sink.port),
  mailroomOnRedis(redis, sink.port),
  mailroomEmbedded(path, sink.port),
  pool(sink.port),
  postfixRelay(path, sink.port),
  postfixQueue(path, sink.port),
  smtpSource(path, sink.port),
]

const laps = new Map<string, Lap[]>()
const absent: Record<string, string> = {}
for (let round = 0; round < rounds; round += 1) {
  for (const contestant of contestants.filter(({ name }) => !(name in absent))) {
    const { name } = contestant
    try {
      const lap = await race(contestant, sink, distance, round)
      laps.set(name, [...(laps.get(name) ?? []), lap])
      console.error(`round ${round + 1}  ${name.padEnd(26)} ${Math.round(lap.perSecond)}/s`)
    } catch (error) {
      absent[name] = error instanceof Error ? error.message : String(error)
      laps.delete(name)
      console.error(`${name} could not take part: ${absent[name]}`)
    }
  }
}

const figures = [...laps].flatMap(([name, all]) => figuresOf(name, all))
const settings = { ...distance, rounds, sessions: 20, sink: sink.name }
const report = { benchmark: 'throughput', settings, figures, ratios: mainRatios(figures) }
await tell({ ...report, absent }, values.json)
