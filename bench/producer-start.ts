/**
 * How long a program takes from its first line until its first message is in the queue, beside the
 * same with BullMQ alone, each in a process of its own; the start of Node itself is left out:
 *
 *   import     the package is imported
 *   created    and a mailroom created: what an application waits for when it starts
 *   sent       and one message is in the Redis: the queue's packages are loaded and connected
 *   bullmq     a queue is imported and created, and one job added
 *
 * Contestants take turns, and the median of the rounds counts. Run it on a quiet machine, after
 * `npm run build`, since nobody compiles a package at its start:
 *
 *   ./dev run bench/producer-start.ts [--rounds 15] [--json FILE]
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { startRedis } from '../test/support/redis-server.ts'
import { figure, ratio, tell } from './report/report.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, json: { type: 'string' } },
})
const rounds = Number(values.rounds)
const root = join(import.meta.dirname, '..')

await using redis = await startRedis()
const url = JSON.stringify(redis.url)

const PROGRAMS: Readonly<Record<string, string>> = {
  mailroom: `
    const { createMailroom } = await import('./dist/index.js')
    lap('import')
    const connections = { relay: 'smtp://127.0.0.1:2525?tls=none' }
    const mailroom = createMailroom({ queue: ${url}, prefix: 'bench-start', connections })
    lap('created')
    const message = { from: 'a@example.com', to: 'b@example.org', subject: 'Hi', text: 'Hello' }
    await mailroom.send({ connection: 'relay', message })
    lap('sent')
    await mailroom.close()`,
  bullmq: `
    const { Queue } = await import('bullmq')
    const queue = new Queue('bench-start', { connection: { url: ${url} } })
    await queue.add('send', { to: 'b@example.org' })
    lap('bullmq')
    await queue.close()`,
}

const laps = new Map<string, number[]>()
for (let round = 0; round < rounds; round += 1) {
  for (const program of Object.values(PROGRAMS)) {
    for (const [name, ms] of Object.entries(await run(program))) {
      laps.set(name, [...(laps.get(name) ?? []), ms])
    }
  }
}
const [first, ...others] = [...laps].map(([name, all]) => figure(name, 'ms', all)).toReversed()
if (first === undefined) throw new Error('no rounds')
const figures = [...others.toReversed(), first]
const ratios = others.filter(({ of }) => of !== 'import').map((one) => ratio(one, first))
const leftOut = 'nothing is sent: a producer starts, without a worker'
await tell(
  { benchmark: 'producer-start', settings: { rounds }, leftOut, figures, ratios },
  values.json,
)

async function run(program: string): Promise<Readonly<Record<string, number>>> {
  const code = `
    const laps = {}, from = performance.now()
    const lap = (name) => { laps[name] = performance.now() - from }
    ${program}
    console.log(JSON.stringify(laps))`
  const args = ['--input-type=module', '--no-warnings', '-e', code]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  return JSON.parse(stdout)
}
