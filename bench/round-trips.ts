/**
 * What a long way to the server costs: the same messages over a few sessions and a link that delays
 * everything, from one worker process and, in the same run, from nodemailer's pool without any queue.
 *
 *   ./dev run bench/round-trips.ts [--count 300] [--ms 50] [--sessions 3] [--rounds 3]
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

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300' },
    ms: { type: 'string', default: '50' },
    sessions: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
  },
})
const count = Number(values.count)
const sessions = Number(values.sessions)
const ms = Number(values.ms)

await using stack = new AsyncDisposableStack()
const redis = stack.use(await startRedis())
const sink = fork(join(import.meta.dirname, 'sink.ts'))
stack.defer(() => sink.disconnect())
const [{ port }] = (await once(sink, 'message')) as [{ readonly port: number }]
const link = stack.use(await startDelayingProxy(port, ms / 2))

const all: Record<'nodemailer' | 'mailroom', number[]> = { nodemailer: [], mailroom: [] }
for (let round = 1; round <= Number(values.rounds); round += 1) {
  all.nodemailer.push(await contest(['nodemailer', link.port, sessions, count]))
  const prefix = `round-trips-${round}`
  await using mailroom = createMailroom(config(prefix))
  await mailroom.sendMany(mails())
  all.mailroom.push(await contest(['mailroom', link.port, sessions, count, redis.url, prefix]))
}
const tell = (name: string, seconds: readonly number[]): number => {
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? NaN
  const trips = (median * 1000 * sessions) / ms / count
  const rate = (count / median).toFixed(1)
  console.log(`${name.padEnd(11)} ${rate} messages/s, ${trips.toFixed(2)} round trips a message`)
  return median
}
console.log(
  `${count} messages, ${ms} ms round trip, ${sessions} sessions, median of ${values.rounds}`,
)
const ratio = tell('nodemailer', all.nodemailer) / tell('mailroom', all.mailroom)
console.log(`mailroom: ${ratio.toFixed(2)} x nodemailer's pool`)

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
