/**
 * Large attachments: files of 25 MB, one to each message, over 20 sessions of one process, beside
 * nodemailer's pool, which reads the file of each message while it sends it and keeps nothing:
 *
 *   one file    the same to all recipients
 *   many files  another one to each
 *
 * Ours with the files beside the queue (in Redis, in the embedded store), and in a directory. Tells MB of
 * attachments per second, processor time for each MB, and the most memory that the process ever had.
 * Queues are filled before, which is told apart; small messages go first, and are not counted.
 *
 *   ./dev run bench/large.ts [--count 36] [--megabytes 25] [--rounds 3] [--json FILE]
 *
 * The sink is our own, in a process of its own: Postfix's looks at every byte and would be what is
 * measured. `--only one` leaves those with many files out. Linux.
 */
import { parseArgs } from 'node:util'

import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { filePool, filesEmbedded, filesOnRedis } from './large/contestants.ts'
import { makeFolder, SMALL_ONES, type Folder } from './large/folder.ts'
import { race, type Contestant, type Lap } from './race/race.ts'
import { openOwnSink } from './race/sink.ts'
import { figure, ratio, tell, type Figure, type Ratio } from './report/report.ts'

// So that what ends the servers, when this process does, is called.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '36' },
    megabytes: { type: 'string', default: '25' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
})
const [megabytes, rounds] = [Number(values.megabytes), Number(values.rounds)]
/** Redis keeps 1 GiB of files by default: all that wait together have to fit. */
const distance = { count: Number(values.count), warmUp: SMALL_ONES, spare: 0 }
/** What the worker may take of the machine's memory at most. */
const LIMIT_MB = 250

await using stack = new AsyncDisposableStack()
const { path } = stack.use(await temporaryDirectory('disk'))
const redis = stack.use(await startRedis())
const sink = stack.use(await openOwnSink())
const content = `directory:${path}/content`
const enqueued = new Map<string, number[]>()
const onEnqueued = (name: string, messages: number, ms: number): void => {
  enqueued.set(name, [...(enqueued.get(name) ?? []), (messages * megabytes) / (ms / 1000)])
}

const POOL = "nodemailer's pool"
const oneFile = contestantsWith('one file', await makeFolder(`${path}/one`, 1, megabytes * 1e6))
const manyFiles =
  values.only === 'one'
    ? []
    : contestantsWith(
        'many files',
        await makeFolder(`${path}/many`, distance.count, megabytes * 1e6),
      )

const laps = new Map<string, Lap[]>()
for (let round = 0; round < rounds; round += 1) {
  for (const one of [...oneFile, ...manyFiles]) {
    const lap = await race(one, sink, distance, round)
    laps.set(one.name, [...(laps.get(one.name) ?? []), lap])
    console.error(`round ${round + 1}  ${one.name.padEnd(34)} ${mbOf(lap).toFixed(0)} MB/s`)
  }
}

const figures = [...laps].flatMap(([name, all]) => figuresOf(name, all))
const ratios = [...laps.keys()].flatMap((name) => ratiosOf(name))
const settings = { ...distance, megabytes, rounds, sessions: 20, sink: sink.name }
await tell({ benchmark: 'large', settings, figures, ratios }, values.json)

function contestantsWith(files: string, folder: Folder): readonly Contestant[] {
  const ours = (where: string) => ({
    name: `Mailroom ${where}, ${files}`,
    folder,
    port: sink.port,
    onEnqueued,
  })
  return [
    filePool(`${POOL}, ${files}`, folder, sink.port),
    filesOnRedis(ours('on Redis'), redis),
    filesOnRedis(ours('with a directory'), redis, content),
    filesEmbedded(ours('on embedded store'), path),
  ]
}

function mbOf({ perSecond }: Lap): number {
  return perSecond * megabytes
}

function figuresOf(name: string, all: readonly Lap[]): readonly Figure[] {
  const peaks = all.map(({ peakRssMb }) => peakRssMb ?? Number.NaN)
  const speeds = enqueued.get(name)
  return [
    figure(name, 'MB/s', all.map(mbOf)),
    figure(
      name,
      'ms CPU per MB',
      all.map(({ cpuMs }) => cpuMs / megabytes),
    ),
    figure(name, 'MB of memory at most', peaks),
    ...(speeds === undefined ? [] : [figure(name, 'MB/s into the queue', speeds)]),
  ]
}

function ratiosOf(name: string): readonly Ratio[] {
  const peer = `${POOL}, ${name.split(', ').at(-1)}`
  if (name === peer) return []
  const [speed, theirs] = [find(name, 'MB/s'), find(peer, 'MB/s')]
  const [cpu, cpuOfTheirs] = [find(name, 'ms CPU per MB'), find(peer, 'ms CPU per MB')]
  const memory = find(name, 'MB of memory at most')
  return [
    ...(speed && theirs ? [ratio(speed, theirs, 1)] : []),
    ...(cpu && cpuOfTheirs ? [ratio(cpu, cpuOfTheirs)] : []),
    ...(memory ? [ratio(limitFor(memory), memory, 1)] : []),
  ]
}

function limitFor({ what, rounds: all }: Figure): Figure {
  return figure(
    `${LIMIT_MB} MB`,
    what,
    all.map(() => LIMIT_MB),
  )
}

function find(of: string, what: string): Figure | undefined {
  return figures.find((one) => one.of === of && one.what === what)
}
