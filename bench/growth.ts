/**
 * Whether a queue that grows slows down what is delivered: messages per second and processor time per
 * message with few waiting, with very many waiting, and with as many delayed besides, which are due
 * in a day. All on Redis, everything on, in turns, into one sink.
 *
 *   ./dev run bench/growth.ts [--waiting 1000000] [--count 5000] [--warm-up 2000] [--rounds 5] [--json FILE]
 */
import { parseArgs } from 'node:util'

import { createMailroom } from '../src/index.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { configOf } from './config.ts'
import { messageTo } from './message.ts'
import { figuresOf } from './race/figures.ts'
import { race, type Contestant, type Lap } from './race/race.ts'
import { openSink } from './race/sink.ts'
import { onRedis } from './race/workers.ts'
import { ratio, tell } from './report/report.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    waiting: { type: 'string', default: '1000000' },
    count: { type: 'string', default: '5000' },
    'warm-up': { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
})
const [waiting, rounds] = [Number(values.waiting), Number(values.rounds)]
const distance = { count: Number(values.count), warmUp: Number(values['warm-up']) }

await using stack = new AsyncDisposableStack()
const { path } = stack.use(await temporaryDirectory('disk'))
const redis = stack.use(await startRedis({ args: ['--dir', path] }))
const sink = stack.use(await openSink())

const FEW = 'few waiting'
const MANY = 'very many waiting'
const DELAYED = 'as many delayed'
const contestants = [
  contestant(FEW, 0, 0),
  contestant(MANY, waiting, 0),
  contestant(DELAYED, 0, waiting),
]

const laps = new Map<string, Lap[]>()
for (let round = 0; round < rounds; round += 1) {
  for (const one of contestants) {
    const lap = await race(one, sink, distance, round)
    laps.set(one.name, [...(laps.get(one.name) ?? []), lap])
    console.error(`round ${round + 1}  ${one.name.padEnd(20)} ${Math.round(lap.perSecond)}/s`)
  }
}

const figures = [...laps].flatMap(([name, all]) => figuresOf(name, all))
const ratios = ['messages/s', 'ms CPU per message', 'ms CPU of the store per message'].flatMap(
  (what) => {
    const find = (of: string) => figures.find((one) => one.of === of && one.what === what)
    const few = find(FEW)
    const aim = what === 'messages/s' ? 0.9 : undefined
    return [find(MANY), find(DELAYED)].flatMap((one) => (one && few ? [ratio(one, few, aim)] : []))
  },
)
await tell(
  { benchmark: 'growth', settings: { waiting, ...distance, rounds }, figures, ratios },
  values.json,
)

/** Fills the queue with what is delivered, with so many more, and with so many that are due in a day. */
function contestant(name: string, more: number, delayed: number): Contestant {
  return {
    name,
    start: async (total, round) => {
      const prefix = `growth-${round}-${contestants.findIndex((one) => one.name === name)}`
      await using mailroom = createMailroom(configOf(redis.url, prefix, sink.port))
      await mailroom.sendMany(mails(delayed, { options: { delay: '1d' } }))
      await mailroom.sendMany(mails(Math.max(total, more)))
      return await onRedis(redis, 'mailroom-worker.ts', [redis.url, prefix, sink.port])
    },
  }
}

function* mails(count: number, more: { readonly options?: { readonly delay: string } } = {}) {
  for (let at = 0; at < count; at += 1) {
    yield { connection: 'sink' as const, message: messageTo(at), ...more }
  }
}
