/** A person's retry that is killed between ledger and queue. */
import { retry } from '../../../src/producer/retry.ts'
import { openLedger } from '../../../src/ledger/open.ts'
import type { OpenDesk } from '../../../src/producer/desk.ts'
import { openQueues } from '../../../src/queue/open.ts'
import { openStore } from '../../../src/store/open.ts'

const { queue, prefix, schema, id } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly queue: string
  readonly prefix: string
  readonly schema: string
  readonly id: string
}
const store = await openStore(queue, { patience: 'wait', prefix, schema })
const queues: OpenDesk['queues'] = {
  ...(await openQueues(store)),
  wake: () => {
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => {})
  },
}
await retry(id, {}, { store, queues, ledger: await openLedger(store) })
