import type { Registry } from '../../src/fleet/fleet.ts'
import { watchPauses, type PauseWatch } from '../../src/fleet/pause-watch.ts'
import { openPauses } from '../../src/fleet/pauses.ts'
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
  readonly pauses: PauseWatch
  readonly sweeper: Sweeper
  readonly events: readonly WorkerEvent[]
  readonly announced: readonly Announcement[]
  /** Messages whose content was released. */
  readonly released: readonly string[]
  /** What the last sweep told the place of contents about what is needed. */
  isNeeded(id: string): Promise<boolean | undefined>
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
  const faults: unknown[] = []
  const pauses = await watchPauses(store, openPauses(store), {
    onFault: (error) => faults.push(error),
  })
  const events: WorkerEvent[] = []
  const announced: Announcement[] = []
  const released: string[] = []
  const asked: ((id: string) => Promise<boolean>)[] = []
  const sweeper = openSweeper({
    ...SWEEP_DEFAULTS,
    store,
    queues,
    ledger,
    registry,
    pauses,
    worker: 'sweeper',
    graceMs: 0,
    retry: { giveUpAfterMs: 5 * 86_400_000 },
    now: Date.now,
    emit: (event) => events.push(event),
    announce: (announcement) => announced.push(announcement),
    onStoreFault: (error) => faults.push(error),
    content: {
      release: async (id) => void released.push(id),
      sweep: async (isNeeded) => {
        asked.push(isNeeded)
        return 0
      },
    },
    ...options,
  })
  return {
    store,
    queues,
    ledger,
    registry,
    pauses,
    sweeper,
    events,
    announced,
    released,
    isNeeded: async (id) => asked.at(-1)?.(id),
    faults,
    sweep: async () => {
      const swept = await sweeper.sweep()
      if (swept === undefined) throw new Error('expected the turn to sweep')
      if (faults.length > 0) throw faults[0]
      return swept
    },
    [Symbol.asyncDispose]: async () => {
      await sweeper.close()
      await pauses[Symbol.asyncDispose]()
      await queues.close()
      await store.close()
    },
  }
}

/** Makes a message older by the store's word. */
export async function makeOlder(
  store: Store,
  prefix: string,
  id: string,
  byMs: number,
): Promise<void> {
  if (store.kind === 'redis') {
    for (const field of ['t', 'u']) {
      await store.client.hincrby(`${prefix}-ledger:${id}`, field, -byMs)
    }
    return
  }
  await store.pool.query(
    `update ledger set accepted_at = accepted_at - $2 * interval '1 millisecond',
       updated_at = updated_at - $2 * interval '1 millisecond' where id = $1`,
    [id, byMs],
  )
}

/** Makes a record one that nobody can read. */
export async function spoil(store: Store, prefix: string, id: string): Promise<void> {
  if (store.kind === 'redis') await store.client.hset(`${prefix}-ledger:${id}`, 'p', '?')
  else await store.pool.query(`update ledger set standing = '?' where id = $1`, [id])
}

/** Has a message held as uncertain in a span of the past. */
export async function noteHeld(
  store: Store,
  prefix: string,
  id: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const text = `${from}-${to}`
  if (store.kind === 'redis') await store.client.hset(`${prefix}-ledger:${id}`, 'H', text)
  else await store.pool.query('update ledger set held_spans = $2 where id = $1', [id, text])
}

/** Makes the last use of a name older by the store's word. */
export async function makeNameOlder(
  store: Store,
  prefix: string,
  name: string,
  byMs: number,
): Promise<void> {
  if (store.kind === 'redis') await store.client.zincrby(`${prefix}-fleet:used`, -byMs, name)
  else {
    await store.pool.query(
      `update fleet_name set used_at = used_at - $2 * interval '1 millisecond' where name = $1`,
      [name, byMs],
    )
  }
}
