import type { Registry } from '../../src/fleet/fleet.ts'
import { openRegistry } from '../../src/fleet/registry.ts'
import type { Announcement } from '../../src/ledger/announcements.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { openQueues, type OpenQueues } from '../../src/queue/open.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import type { WorkerEvent } from '../../src/worker/events.ts'
import type { Swept } from '../../src/worker/sweep-context.ts'
import {
  openSweeper,
  SWEEP_DEFAULTS,
  type Sweeper,
  type SweeperOptions,
} from '../../src/worker/sweeper.ts'
import type { TestStore } from '../support/stores.ts'

/** A sweeper on a store, past any worker, with everything that it told. */
export interface SweepRoom extends AsyncDisposable {
  readonly store: Store
  readonly queues: OpenQueues
  readonly ledger: Ledger
  readonly registry: Registry
  readonly sweeper: Sweeper
  readonly events: readonly WorkerEvent[]
  readonly announced: readonly Announcement[]
  readonly forgotten: readonly string[]
  readonly faults: readonly unknown[]
  /** Sweeps, which is this sweeper's turn. */
  sweep(): Promise<Swept>
}

/** Opens a sweeper that sweeps only when it is told to, and knows no grace unless told. */
export async function openSweepRoom(
  { queue, prefix, schema }: TestStore,
  { retentionMs, ...options }: Partial<SweeperOptions> = {},
): Promise<SweepRoom> {
  const store = await openStore(queue, { patience: 'wait', prefix, schema })
  const queues = await openQueues(store)
  const ledger = await openLedger(store, retentionMs === undefined ? {} : { retentionMs })
  const registry = openRegistry(store)
  const events: WorkerEvent[] = []
  const announced: Announcement[] = []
  const forgotten: string[] = []
  const faults: unknown[] = []
  const sweeper = openSweeper({
    ...SWEEP_DEFAULTS,
    store,
    queues,
    ledger,
    registry,
    worker: 'sweeper',
    graceMs: 0,
    retry: { giveUpAfterMs: 5 * 86_400_000 },
    now: Date.now,
    emit: (event) => events.push(event),
    announce: (announcement) => announced.push(announcement),
    onStoreFault: (error) => faults.push(error),
    onForgotten: async (id) => void forgotten.push(id),
    ...options,
  })
  return {
    store,
    queues,
    ledger,
    registry,
    sweeper,
    events,
    announced,
    forgotten,
    faults,
    sweep: async () => {
      const swept = await sweeper.sweep()
      if (swept === undefined) throw new Error('expected the turn to sweep')
      if (faults.length > 0) throw faults[0]
      return swept
    },
    [Symbol.asyncDispose]: async () => {
      await sweeper.close()
      await queues.close()
      await store.close()
    },
  }
}
