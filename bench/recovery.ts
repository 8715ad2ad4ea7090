/**
 * How soon mail flows again after the store was killed and started again under load.
 *
 * One worker process serves many names, each with messages waiting, and delivers into the sink. The
 * store gets SIGKILL and is started again with its data; from the moment at which it answers, the
 * program counts until the first name, and until the last, has delivered again.
 *
 *   ./dev run bench/recovery.ts [--store redis|postgres] [--names 50] [--messages 60] [--rounds 3]
 *       [--away 3000] [--json FILE]
 *
 * Both stores by default. They come from the same places as for the tests.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { createMailroom, createWorker, defineConfig, type WorkerEvent } from '../src/index.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { messageTo } from './message.ts'
import { figure, tell, type Figure } from './report/report.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string' },
    names: { type: 'string', default: '50' },
    messages: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '3' },
    away: { type: 'string', default: '3000' },
    json: { type: 'string' },
  },
})
const names = Array.from({ length: Number(values.names) }, (_, at) => `name-${at}`)
const perName = Number(values.messages)

/** A store that can be killed, and brought back. */
interface Killable extends AsyncDisposable {
  readonly queue: string
  kill(): Promise<void>
  /** Resolves when it takes connections again. */
  restart(): Promise<void>
}

const STORES: Readonly<Record<string, () => Promise<Killable>>> = {
  redis: async () => {
    const server = await startRedis()
    return Object.assign(server, { queue: server.url })
  },
  postgres: async () => {
    const server = await startPostgres({ medium: 'disk' })
    return Object.assign(server, { queue: server.locate('mailroom_owner') })
  },
}

const figures: Figure[] = []
for (const [kind, open] of Object.entries(STORES)) {
  if (values.store !== undefined && values.store !== kind) continue
  const all: Recovery[] = []
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    await using store = await open()
    const measured = await measure(store)
    console.error(`${kind} ${round}: ${describe(measured)}`)
    all.push(measured)
  }
  figures.push(
    figure(
      kind,
      'ms until the first name',
      all.map(({ firstMs }) => firstMs),
    ),
    figure(
      kind,
      'ms until the last name',
      all.map(({ lastNameMs }) => lastNameMs),
    ),
  )
}
const { rounds, away } = values
const settings = { rounds, names: names.length, messages: perName, 'ms away': away }
const leftOut = 'no log and no metrics are written'
await tell({ benchmark: 'recovery', settings, leftOut, figures }, values.json)

interface Recovery {
  readonly outageMs: number
  readonly firstMs: number
  readonly lastNameMs: number
}

async function measure(store: Killable): Promise<Recovery> {
  const sink = fork(new URL('sink.ts', import.meta.url))
  try {
    const [{ port }] = (await once(sink, 'message')) as [{ port: number }]
    return await recover(store, port)
  } finally {
    sink.disconnect()
  }
}

async function recover(store: Killable, port: number): Promise<Recovery> {
  const manager = { server: '127.0.0.1', port, tls: 'none' as const }
  const connections = Object.fromEntries(names.map((name) => [name, manager]))
  const config = defineConfig({ queue: store.queue, connections })
  const delivered: { readonly connection: string; readonly at: number }[] = []
  const emit = (event: WorkerEvent): void => {
    if (event.event !== 'delivered') return
    delivered.push({ connection: event.connection, at: performance.now() })
  }
  await using worker = createWorker(config, { emit, migrate: true })
  await worker.start()
  await using mailroom = createMailroom(config)
  const mails = names.flatMap((connection) =>
    Array.from({ length: perName }, (_, at) => ({
      connection,
      message: messageTo(at),
    })),
  )
  // A third of it is there when the store goes, and goes on coming until it does.
  const sending = mailroom.sendMany(mails).catch(() => undefined)
  await until(() => new Set(delivered.map(({ connection }) => connection)).size === names.length)
  const goneAt = performance.now()
  await store.kill()
  await sending
  await sleep(Number(values.away))
  await store.restart()
  const backAt = performance.now()
  const since = (): typeof delivered => delivered.filter(({ at }) => at >= backAt)
  await until(async () => {
    const lacking = names.filter((name) => !since().some(({ connection }) => connection === name))
    // A name whose mail had all been delivered has new one.
    await Promise.all(
      lacking.map((connection) =>
        mailroom.send({ connection, message: messageTo(0) }).catch(() => undefined),
      ),
    )
    return lacking.length === 0
  })
  const firsts = names.map((name) => since().find(({ connection }) => connection === name)?.at ?? 0)
  return {
    outageMs: backAt - goneAt,
    firstMs: Math.min(...firsts) - backAt,
    lastNameMs: Math.max(...firsts) - backAt,
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(50)
}

function describe({ outageMs, firstMs, lastNameMs }: Recovery): string {
  return `away ${Math.round(outageMs)} ms; first name after ${Math.round(firstMs)} ms, last name after ${Math.round(lastNameMs)} ms`
}
