import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { type ComposeProject, docker, openCompose, until } from '../compose.ts'
import { confinementOf, contentsOf } from '../confinement.ts'
import { type Ends, tally } from '../count.ts'
import { forDevelopment, type Lock } from '../development.ts'

// Proves docker-compose.yml on a real engine, in a project of its own, and prints what it saw:
//   node test/containers/programs/prove.ts
// Takes about five minutes. Needs an engine, and the images that the files name (or a registry).

const ROOT = path.resolve(import.meta.dirname, '../../..')
const FILES = ['docker-compose.yml', 'test/containers/prove.compose.yml']
const IMAGE = 'mailroom:0.1.0'
const GRACE_S = 45

/** What established connections to port 2525 hold that was not acknowledged, in `/proc/net/tcp`. */
const HELD = /:09DD 01 ([0-9A-F]{8}):/g
/** That much fills the buffer that prove.compose.yml leaves the worker: more of the body is to follow. */
const FULL = 16_384

/** Messages that are sent in one go, numbered from 1 in their subjects. */
interface Load {
  readonly name: string
  readonly count: number
  readonly connection: string
  /** The service that catches them. */
  readonly service: string
  /** Of the attachment that each has; none by default. */
  readonly bytes?: number
}

let failures = 0

tell(`engine ${await docker('version', '--format', '{{.Server.Version}}')}`)
await using proof = await openCompose(ROOT, FILES)
await build(proof)
await start(proof)
await confine(proof)
await restartUnderLoad(proof, {
  service: 'catch',
  connection: 'relay',
  name: 'restart',
  count: 2000,
})
await stopUnderLoad(proof, {
  service: 'sink',
  connection: 'sink',
  name: 'stop',
  count: 500,
  bytes: 700_000,
})
tell(failures === 0 ? '\nall of it holds' : `\n${failures} of it do not hold`)
process.exitCode = failures === 0 ? 0 : 1

function tell(text: string): void {
  process.stdout.write(`${text}\n`)
}

function check(holds: boolean, what: string, seen: unknown): void {
  if (!holds) failures += 1
  tell(
    `  ${holds ? 'ok  ' : 'FAIL'} ${what}: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`,
  )
}

async function build(project: ComposeProject): Promise<void> {
  tell('\nbuild')
  await project.compose('build', 'worker')
  const { packages, tools, mb } = await contentsOf(IMAGE)
  const lock: Lock = JSON.parse(await readFile(path.join(ROOT, 'package-lock.json'), 'utf8'))
  const needless = forDevelopment(packages, lock)
  const counted = [`${packages.length} packages`, ...needless].join(', ')
  check(needless.length === 0, 'no package is for development', counted)
  check(tools === '', 'neither npm nor a compiler is in the image', tools)
  check(mb < 300, 'the image is small', `${mb} MB`)
}

async function start(project: ComposeProject): Promise<void> {
  tell('\ndocker compose up')
  await project.compose('up', '-d')
  await until('two healthy workers', () => health(project, 'worker'), areHealthy)
  check(true, 'two workers are healthy', await health(project, 'worker'))
  const [producer = ''] = await project.containers('producer')
  const exited = (): Promise<string> =>
    docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', producer)
  const ended = await until('the end of the producer', exited, (state) =>
    state.startsWith('exited'),
  )
  check(ended === 'exited 0', 'the producer ends', ended)
  const subjects = await subjectsIn(project, 'catch')
  check(subjects.join() === 'Hello from a container', 'its mail has arrived', subjects)
  const page = await fetch(`http://127.0.0.1:${project.dashboardPort}/`)
  check(page.ok, 'the dashboard answers on loopback', page.status)
  const [redis = ''] = await project.containers('redis')
  for (const [setting, wanted] of [
    ['appendonly', 'yes'],
    ['maxmemory-policy', 'noeviction'],
  ]) {
    const seen = await docker('exec', redis, 'redis-cli', 'config', 'get', setting ?? '')
    check(seen.endsWith(wanted ?? ''), `redis has ${setting}`, seen.split('\n'))
  }
}

async function confine(project: ComposeProject): Promise<void> {
  tell('\nwhat the containers may do')
  for (const service of ['worker', 'dashboard', 'catch', 'redis']) {
    const [container = ''] = await project.containers(service)
    const seen = await confinementOf(container)
    check(
      seen.user !== '0' &&
        seen.touch.includes('Read-only file system') &&
        seen.writesTmp === (service !== 'redis') &&
        /^0+$/.test(seen.capabilities) &&
        seen.noNewPrivileges &&
        seen.publishedOn.every((address) => address === '127.0.0.1'),
      service,
      seen,
    )
  }
}

/** A rolling release: the workers are restarted twice while mail comes in and goes out. */
async function restartUnderLoad(project: ComposeProject, load: Load): Promise<void> {
  tell(`\ndocker compose restart worker, twice, under ${load.count} messages`)
  const restarts = [300, 1100].map(async (after) => {
    await caughtAtLeast(project, load, after)
    const started = Date.now()
    await project.compose('restart', 'worker')
    const states = await until('healthy workers', () => health(project, 'worker'), areHealthy)
    tell(
      `       restarted after ${after} mails in ${Date.now() - started} ms: ${states.join(', ')}`,
    )
  })
  const [ends] = await Promise.all([send(project, load), ...restarts])
  const seen = tally(load.name, load.count, ends)
  check(seen.once === load.count, `${load.count} messages arrived exactly once`, seen)
  const stops = (await project.compose('logs', '--no-color', 'worker')).match(/"worker-stopped".*/g)
  check(stops?.length === 4, 'each worker stopped in good order, twice', stops?.length)
}

/**
 * One worker is stopped while the relay takes nothing more of the bodies that are on their way, so
 * that it has to hand them back; then the other one dies.
 */
async function stopUnderLoad(project: ComposeProject, load: Load): Promise<void> {
  tell(
    `\ndocker stop of a worker before a silent relay, and docker kill, under ${load.count} messages`,
  )
  const [one = '', other = ''] = await project.containers('worker')
  const [relay = ''] = await project.containers(load.service)
  const disturb = async (): Promise<void> => {
    await caughtAtLeast(project, load, 50)
    await pauseInBody(relay, one)
    const started = Date.now()
    await docker('stop', one)
    const seconds = (Date.now() - started) / 1000
    const code = await docker('inspect', '--format', '{{.State.ExitCode}}', one)
    const log = await docker('logs', '--since', new Date(started).toISOString(), one)
    const stopped = /"event":"worker-stopped".*/.exec(log)?.[0] ?? 'no word of its stop'
    await docker('unpause', relay)
    check(
      seconds < GRACE_S && code === '0',
      'it ends within the grace',
      `${seconds} s, exit ${code}`,
    )
    check(/"handedBack":[1-9]/.test(stopped), 'it hands back what it cannot finish', stopped)
    await docker('start', one)
    const caught = (await caughtBy(project, load)).length
    await caughtAtLeast(project, load, Math.min(caught + 20, load.count - 20))
    await docker('kill', '--signal', 'KILL', other)
    tell(`       the other worker was killed after ${caught + 20} mails`)
    await docker('start', other)
  }
  const [ends] = await Promise.all([send(project, load), disturb()])
  const seen = tally(load.name, load.count, ends)
  check(
    seen.twice.length + seen.missing.length === 0,
    `none of ${load.count} messages is missing, none arrived twice, some may be uncertain`,
    seen,
  )
}

/** Pauses the relay in a moment in which the worker is in the middle of a body. */
async function pauseInBody(relay: string, worker: string): Promise<void> {
  const isStuck = async (): Promise<boolean> => {
    await setTimeout(Math.random() * 300)
    await docker('pause', relay)
    // What the kernel of the relay still takes is acknowledged by then.
    await setTimeout(1000)
    const connections = await docker('exec', worker, 'cat', '/proc/net/tcp')
    const held = [...connections.matchAll(HELD)].map(([, bytes = '']) => Number(`0x${bytes}`))
    if (held.some((bytes) => bytes >= FULL)) return true
    await docker('unpause', relay)
    return false
  }
  await until('a body that the relay does not take', isStuck, (yes) => yes)
}

async function send(project: ComposeProject, load: Load): Promise<Ends> {
  const { connection, name, count, bytes = 0 } = load
  const args = [connection, name, String(count), String(bytes)]
  const last = await project.once('load', args, (line) => tell(`       ${line.slice(0, 100)}`))
  const { states }: Pick<Ends, 'states'> = JSON.parse(last)
  return { states, subjects: await caughtBy(project, load) }
}

async function caughtAtLeast(project: ComposeProject, load: Load, count: number): Promise<void> {
  const caught = async (): Promise<number> => (await caughtBy(project, load)).length
  await until(`${count} mails`, caught, (number) => number >= count)
}

/** The subjects of the mails of a load, as often as they were caught. */
async function caughtBy(project: ComposeProject, load: Load): Promise<readonly string[]> {
  const subjects = await subjectsIn(project, load.service)
  return subjects.filter((subject) => subject.startsWith(`${load.name} `))
}

async function subjectsIn(project: ComposeProject, service: string): Promise<readonly string[]> {
  const [container = ''] = await project.containers(service)
  const script = String.raw`find /data -name '*.eml' -exec grep -h -m 1 '^Subject: ' {} +`
  const found = await docker('exec', container, 'sh', '-c', `${script} || true`)
  return found
    .split('\n')
    .map((line) => line.replace(/^Subject: /, '').trim())
    .filter((subject) => subject !== '')
}

async function health(project: ComposeProject, service: string): Promise<readonly string[]> {
  const containers = await project.containers(service)
  return Promise.all(
    containers.map((container) =>
      docker('inspect', '--format', '{{.State.Health.Status}}', container),
    ),
  )
}

function areHealthy(states: readonly string[]): boolean {
  return states.length === 2 && states.every((state) => state === 'healthy')
}
