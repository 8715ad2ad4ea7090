/**
 * What a long way to the server costs: the same messages over a few sessions and a link that delays
 * everything, from one worker process and, in the same run, from nodemailer's pool without any queue.
 *
 *   ./dev run bench/round-trips.ts [--count 300] [--ms 50] [--sessions 3] [--rounds 5] [--json FILE]
 *
 * `--ms` is the round trip. Time is of the whole, without the start of a program; that of Mailroom
 * includes the queue and the ledger. Redis comes from REDIS_URL, else from the same places as for the
 * tests.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { createMailroom, defineConfig } from '../src/index.ts'
import { startDelayingProxy } from '../test/support/delaying-proxy.ts'
import { startRedis } from '../test/support/redis-server.ts'
import type { Measured } from './measured.ts'
import { messageTo } from './message.ts'
import { figure, ratio, tell } from './report/report.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300' },
    ms: { type: 'string', default: '50' },
    sessions: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
})
const [count, sessions, ms, rounds] = [values.count, values.sessions, values.ms, values.rounds].map(
  Number,
) as [number, number, number, number]

await using stack = new AsyncDisposableStack()
const redis = stack.use(await startRedis())
const sink = fork(join(import.meta.dirname, 'sink.ts'))
stack.defer(() => sink.disconnect())
const [{ port }] = (await once(sink, 'message')) as [{ readonly port: number }]
const link = stack.use(await startDelayingProxy(port, ms / 2))

const seconds: Record<'nodemailer' | 'mailroom', number[]> = { nodemailer: [], mailroom: [] }
for (let round = 1; round <= rounds; round += 1) {
  seconds.nodemailer.push(await contest(['nodemailer', link.port, sessions, count]))
  const prefix = `round-trips-${round}`
  await using mailroom = createMailroom(config(prefix))
  await mailroom.sendMany(mails())
  seconds.mailroom.push(await contest(['mailroom', link.port, sessions, count, redis.url, prefix]))
}
const figures = (['nodemailer', 'mailroom'] as const).map((who) => {
  const trips = seconds[who].map((took) => (took * 1000 * sessions) / ms / count)
  const rates = seconds[who].map((took) => count / took)
  return [figure(who, 'messages/s', rates), figure(who, 'round trips/message', trips)] as const
})
const [theirs, ours] = figures.map(([rate]) => rate)
await tell(
  {
    benchmark: 'round-trips',
    settings: { count, sessions, 'round trip ms': ms, rounds },
    leftOut: 'log and metrics',
    figures: figures.flat(),
    ratios: ours !== undefined && theirs !== undefined ? [ratio(ours, theirs, 1.8)] : [],
  },
  values.json,
)

function config(prefix: string) {
  const relay = { server: '127.0.0.1', port: link.port, tls: 'none', limits: { sessions } } as const
  return defineConfig({ queue: redis.url, prefix, connections: { relay } })
}

function* mails() {
  for (let at = 0; at < count; at += 1)
    yield { connection: 'relay' as const, message: messageTo(at) }
}

async function contest(args: readonly (string | number)[]): Promise<number> {
  const child = fork(join(import.meta.dirname, 'round-trips-worker.ts'), args.map(String))
  const exited = once(child, 'exit')
  const message = await Promise.race([once(child, 'message'), exited.then(() => undefined)])
  if (message === undefined) throw new Error('a contestant ended without a result')
  await exited
  return (message as [Measured])[0].seconds
}
