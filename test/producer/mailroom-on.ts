import { createMailroom, type Mailroom, type SendMail } from '../../src/index.ts'
import { openLedger } from '../../src/ledger/open.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openQueues } from '../../src/queue/open.ts'
import type { Queues } from '../../src/queue/queues.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import type { TestStore } from '../support/stores.ts'

/** A producer without any worker, with the names `relay` and `other`. */
export function mailroomOn(at: TestStore, settings: Readonly<Record<string, unknown>> = {}) {
  const connections = {
    relay: 'smtp://127.0.0.1:2525?tls=none',
    other: 'smtp://127.0.0.1:2526?tls=none',
  }
  return createMailroom({ ...at, ...settings, connections }) as Mailroom
}

/** A mail to send; the subject tells one from another. */
export function mail(
  subject: string,
  options: SendMail['options'] = {},
  connection = 'relay',
): SendMail {
  const message = { from: 'app@example.com', to: 'ann@example.org', subject, text: 'Hello' }
  return { connection, message, options }
}

interface BackDoor extends AsyncDisposable {
  readonly store: Store
  readonly queues: Queues
  readonly ledger: Ledger
}

/** What is in the store, past the producer. */
export async function openBackDoor({ queue, prefix, schema }: TestStore): Promise<BackDoor> {
  const store = await openStore(queue, { patience: 'wait', prefix, schema })
  const queues = await openQueues(store)
  const ledger = await openLedger(store)
  return {
    store,
    queues,
    ledger,
    [Symbol.asyncDispose]: async () => {
      await queues.close()
      await store.close()
    },
  }
}
