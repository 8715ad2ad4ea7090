import { openHealthChanges } from '../fleet/health-changes.ts'
import { parkedStanding, type HealthStanding } from '../fleet/health-standing.ts'
import type { MessageRecord } from '../ledger/ledger.ts'
import { describeParked } from './describe-parked.ts'
import type { Setup } from './setup.ts'
import { openStoreView } from './store-view.ts'

/** A connection manager through which a message could go, and cannot. */
export interface ParkedManager {
  readonly facts: HealthStanding & { readonly manager: string }
  /** For people, in one line. */
  readonly told: string
}

/**
 * The managers that a message waits for: those of its name through which no mail flows now. Nothing is
 * written into each message that waits, so that parking costs a queue of millions nothing.
 */
export async function waitingFor(
  { state, connection }: Pick<MessageRecord, 'state' | 'connection'>,
  setup: Setup,
): Promise<readonly ParkedManager[]> {
  if (state !== 'queued' && state !== 'active' && state !== 'deferred') return []
  const { connections } = setup.config
  const managers = connections.has(connection)
    ? connections.group(connection).members.map(({ name }) => name)
    : [connection]
  await using view = await openStoreView(setup)
  const health = await openHealthChanges(view.store).read(managers)
  const now = await view.store.nowMs()
  return [...health].flatMap(([manager, record]) => {
    const parked = parkedStanding(record, now)
    if (parked === undefined) return []
    return [{ facts: { manager, ...parked }, told: `${manager} is ${describeParked(parked, now)}` }]
  })
}
