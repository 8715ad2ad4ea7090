/** A producer that kills itself between the steps of an enqueue; see `DieAt`. */
import { openRegistry } from '../../../src/fleet/registry.ts'
import { createJob } from '../../../src/job/create-job.ts'
import { openLedger } from '../../../src/ledger/open.ts'
import { enqueue } from '../../../src/producer/enqueue.ts'
import { createNotedNames } from '../../../src/producer/noted-names.ts'
import { openQueues } from '../../../src/queue/open.ts'
import type { Queues } from '../../../src/queue/queues.ts'
import { openStore } from '../../../src/store/open.ts'

/** Before the job is added, or when it is added and nobody was told. */
export type DieAt = 'before-job' | 'after-job'

const { queue, prefix, schema, at, key } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly queue: string
  readonly prefix: string
  readonly schema: string
  readonly at: DieAt
  readonly key: string | undefined
}
const store = await openStore(queue, { patience: 'wait', prefix, schema })
const real = await openQueues(store)
const queues: Queues = {
  ...real,
  add: async (name, jobs) => {
    if (at === 'after-job') await real.add(name, jobs)
    process.kill(process.pid, 'SIGKILL')
    await new Promise(() => {})
  },
}
const message = { from: 'app@example.com', to: 'ann@example.org', subject: 'Hello', text: 'x' }
const options = { priority: 'high', ...(key !== undefined && { idempotencyKey: key }) } as const
const { job, hasKey, priority } = createJob(
  { connection: 'relay', message, options },
  { now: new Date() },
)
await enqueue([{ job, hasKey, priority }], {
  store,
  queues,
  ledger: await openLedger(store),
  names: createNotedNames(openRegistry(store)),
  now: Date.now,
  stopsAtRefused: true,
})
