import type { ContentStore } from '../content/content.ts'
import { openContent } from '../content/open.ts'
import type { Registry } from '../fleet/fleet.ts'
import { openRegistry } from '../fleet/registry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { openLedger } from '../ledger/open.ts'
import type { OpenQueues } from '../queue/open.ts'
import { openQueues } from '../queue/open.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { contentOptionsOf } from '../read-config.ts'
import type { Setup } from './setup.ts'

/** A store as somebody sees it who neither sends nor delivers. */
export interface StoreView extends AsyncDisposable {
  readonly store: Store
  readonly queues: OpenQueues
  readonly ledger: Ledger
  readonly registry: Registry
  readonly contents: ContentStore
}

export interface StoreViewOptions {
  /** Creates the tables of a Postgres or brings them up to date; embedded stores do it anyway. */
  readonly migrate?: boolean
}

/** Opens the store of `setup`. Throws `StoreUnreachableError` when it does not answer. */
export async function openStoreView(
  { settings, config }: Pick<Setup, 'settings' | 'config'>,
  { migrate }: StoreViewOptions = {},
): Promise<StoreView> {
  await using opened = new AsyncDisposableStack()
  const store = opened.use(
    await openStore(settings.queue, {
      patience: 'fail-fast',
      prefix: config.prefix,
      schema: config.schema,
      ...(migrate !== undefined && { migrate }),
    }),
  )
  const queues = opened.use(await openQueues(store))
  const ledger = await openLedger(store, { retentionMs: config.retention.ended })
  const registry = openRegistry(store)
  const contents = openContent(store, contentOptionsOf(config))
  await store.ping()
  const held = opened.move()
  return {
    store,
    queues,
    ledger,
    registry,
    contents,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}
