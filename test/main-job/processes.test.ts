import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { createMailroom, type WorkerEvent } from '../../src/index.ts'
import { startMta, type ArrivedMessage } from '../support/mta.ts'
import { describeMta } from '../support/redis.ts'
import { describeStores, type TestStore } from '../support/stores.ts'

const COUNT = 1_000
/** More than a worker has delivered when it is killed. */
const FEWER = 400
/** As many sessions as a manager has by default. */
const SESSIONS = 5
/** On a machine that others use too, all takes ten times as long. */
const PATIENT = { timeout: 150_000 }

describeMta('the main job', () => {
  describeStores('separate processes', (place) => {
    test('a thousand messages reach a real mail server, each recipient exactly one', async () => {
      await using mta = await startMta()
      const config = configOf(place(), mta.port)
      await using worker = startWorker(config)
      expect(await produce(config)).toEqual({ accepted: COUNT, known: 0, refused: 0 })
      await expect.poll(() => worker.delivered(), PATIENT).toBe(COUNT)
      await expect.poll(async () => (await mta.messages()).length).toBe(COUNT)

      const arrived = await mta.messages()
      expect(recipientsOf(arrived)).toEqual(expectedRecipients())
      await expectFields(arrived)
      await worker.stop()
    })

    test('a worker that is killed in the middle loses nothing and repeats nothing', async () => {
      await using mta = await startMta()
      const config = configOf(place(), mta.port)
      expect(await produce(config, FEWER)).toMatchObject({ accepted: FEWER })
      let gaveUp = 0
      {
        await using first = startWorker(soonDecided(config))
        await expect.poll(() => first.delivered(), { interval: 2 }).toBeGreaterThan(100)
        await first.kill()
        gaveUp = first.uncertain()
      }
      await using second = startWorker(config)
      await using mailroom = createMailroom(config)
      await expect
        .poll(async () => {
          const { waiting, active, delayed } = await mailroom.status('relay')
          return waiting + active + delayed
        }, PATIENT)
        .toBe(0)

      const { records } = await mailroom.list({ state: 'uncertain', limit: 1_000 })
      const uncertain = records.flatMap(({ recipients }) =>
        recipients.map(({ address }) => address),
      )
      await expect
        .poll(async () => new Set([...recipientsOf(await mta.messages()), ...uncertain]).size)
        .toBe(FEWER)
      const arrived = recipientsOf(await mta.messages())
      expect(new Set(arrived).size, 'nobody got a message twice').toBe(arrived.length)
      const inFlight = uncertain.length - gaveUp
      expect(inFlight, 'only what was in flight is uncertain').toBeLessThanOrEqual(SESSIONS)
      await second.stop()
    })
  })
})

function configOf(store: TestStore, port: number) {
  return { ...store, connections: { relay: { server: '127.0.0.1', port, tls: 'none' as const } } }
}

type Config = ReturnType<typeof configOf>

/** The same for a worker that is killed: what it leaves behind is decided when `timeouts.dot` is over. */
function soonDecided({ connections: { relay }, ...store }: Config): Config {
  const timeouts = { dot: '2s' }
  return { ...store, connections: { relay: { ...relay, timeouts } as typeof relay } }
}

interface WorkerProcess extends AsyncDisposable {
  delivered(): number
  /** How often it gave up waiting for an answer. */
  uncertain(): number
  stop(): Promise<void>
  kill(): Promise<void>
}

function startWorker(config: Config): WorkerProcess {
  const hooks = { lockMs: 2_000, stalledCheckMs: 500, leaseMs: 2_000 }
  const child = run('worker.ts', { config, hooks })
  const told: WorkerEvent['event'][] = []
  child.on('message', ({ event }: WorkerEvent) => void told.push(event))
  const count = (kind: WorkerEvent['event']): number => told.filter((one) => one === kind).length
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  return {
    delivered: () => count('delivered'),
    uncertain: () => count('uncertain'),
    stop: async () => {
      await end('SIGTERM')
      expect(child.exitCode).toBe(0)
    },
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  }
}

async function produce(config: Config, count = COUNT): Promise<unknown> {
  const child = run('producer.ts', { config, connection: 'relay', count })
  const [[progress]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
  return progress
}

function run(program: string, options: unknown): ChildProcess {
  const path = join(import.meta.dirname, 'programs', program)
  return fork(path, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

function recipientsOf(arrived: readonly ArrivedMessage[]): readonly string[] {
  return arrived.flatMap(({ to }) => to).toSorted()
}

function expectedRecipients(): readonly string[] {
  return Array.from({ length: COUNT }, (_, at) => `recipient-${at}@example.org`).toSorted()
}

async function expectFields(arrived: readonly ArrivedMessage[]): Promise<void> {
  for (const { from, to, raw } of arrived) {
    const mail = await PostalMime.parse(raw)
    const number = /\d+/.exec(to[0] ?? '')?.[0]
    expect(from).toBe('app@example.com')
    expect(mail).toMatchObject({
      from: { name: 'App', address: 'app@example.com' },
      to: [{ address: to[0] }],
      subject: `Message ${number}`,
    })
    expect(mail.text?.trim()).toBe(`This is message ${number}.`)
  }
}
