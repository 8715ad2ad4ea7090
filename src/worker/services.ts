import { tmpdir } from 'node:os'

import { openContent } from '../content/open.ts'
import type { Registry } from '../fleet/fleet.ts'
import { watchPauses, type PauseWatch } from '../fleet/pause-watch.ts'
import { openPauses } from '../fleet/pauses.ts'
import { openRegistry } from '../fleet/registry.ts'
import type { Announcement } from '../ledger/announcements.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { openLedger } from '../ledger/open.ts'
import { openQueues } from '../queue/open.ts'
import type { Queues } from '../queue/queues.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { createAnnouncer } from './announcer.ts'
import { createContents, type Contents } from './contents.ts'
import { openSpool } from './spool.ts'
import { openStoreClock, type StoreClock } from './store-clock.ts'
import type { WorkerOptions } from './worker.ts'

/** What all names of a worker share of its store. */
export interface Services {
  readonly store: Store
  readonly queues: Queues
  readonly ledger: Ledger
  readonly contents: Contents
  readonly registry: Registry
  readonly clock: StoreClock
  readonly pauses: PauseWatch
  readonly announce: (announcement: Announcement) => void
}

/** Opens the store, waiting for it until `signal` aborts; `opened` closes everything, last first. */
export async function openServices(
  options: Omit<WorkerOptions, 'connections' | 'names'>,
  signal: AbortSignal,
  opened: AsyncDisposableStack,
  onStoreFault: (error: unknown) => void,
): Promise<Services> {
  const { prefix, schema, migrate, allowUnsafeStore, retentionMs } = options
  const store = await openStore(await options.locate(), {
    patience: 'wait',
    signal,
    onError: onStoreFault,
    ...(prefix === undefined ? {} : { prefix }),
    ...(schema === undefined ? {} : { schema }),
    ...(migrate === undefined ? {} : { migrate }),
    ...(allowUnsafeStore === undefined ? {} : { allowUnsafeStore }),
  })
  opened.defer(() => store.close())
  const queues = await openQueues(store)
  opened.defer(() => queues.close())
  const ledger = await openLedger(store, retentionMs === undefined ? {} : { retentionMs })
  const stored = openContent(store, options.content)
  const spool = opened.use(openSpool(stored, { directory: options.spoolDirectory ?? tmpdir() }))
  const contents = createContents(stored, spool, onStoreFault)
  const registry = openRegistry(store)
  const clock = await openStoreClock(store, onStoreFault)
  opened.defer(() => clock.close())
  const pauses = opened.use(
    await watchPauses(store, openPauses(store), { onFault: onStoreFault, ...looksOf(options) }),
  )
  const announcer = createAnnouncer(store, onStoreFault)
  opened.defer(() => announcer.close())
  const announce = (announcement: Announcement): void => announcer.announce(announcement)
  return { store, queues, ledger, contents, registry, clock, pauses, announce }
}

/** How often what others told is looked up, as those who look want to be told it. */
export function looksOf({ looksEveryMs }: Pick<WorkerOptions, 'looksEveryMs'>): {
  readonly everyMs?: number
} {
  return looksEveryMs === undefined ? {} : { everyMs: looksEveryMs }
}
