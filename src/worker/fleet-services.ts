import { createKerberos, type Kerberos } from '../connections/auth/kerberos/kerberos.ts'
import { createTokens, type Tokens } from '../connections/auth/oauth2/tokens.ts'
import { createSeatsByManager } from '../connections/seats.ts'
import { openHealth, type Health } from '../fleet/health.ts'
import type { Leases } from '../fleet/lease.ts'
import { openLeases } from '../fleet/leases.ts'
import { openRates, type Rates } from '../fleet/rates.ts'
import { openStarts, type Starts } from '../fleet/starts.ts'
import { openTokenShelf } from '../fleet/token-shelf.ts'
import type { FloorOptions } from './floor.ts'
import type { LaneContext } from './lane.ts'
import { looksOf, type Services } from './services.ts'

/** What a worker shares with all others of what they know and use of connection managers. */
export interface FleetServices {
  readonly health: Health
  readonly leases: Leases
  /** The seats of the sessions that are leased. */
  readonly seats: LaneContext['seats']
  readonly rates: Rates
  readonly starts: Starts
  /** The access tokens of all workers. */
  readonly tokens: Tokens
  /** The Kerberos library, for this worker alone. */
  readonly kerberos: Kerberos
}

/** Opens them on the store of `services`; `opened` closes them, and gives back what is leased. */
export async function openFleetServices(
  { store, clock }: Pick<Services, 'store' | 'clock'>,
  { id, retry, circuit, leaseMs, configuration, emit, ...options }: FloorOptions,
  opened: AsyncDisposableStack,
  onFault: (error: unknown) => void,
): Promise<FleetServices> {
  const health = opened.use(
    await openHealth(store, {
      worker: id,
      policy: circuit,
      keepMs: retry.giveUpAfterMs,
      now: () => clock.now(),
      onFault,
      ...looksOf(options),
      ...(leaseMs !== undefined && { probeMs: leaseMs }),
    }),
  )
  const seats = createSeatsByManager(
    (manager) => leases.allowed(manager),
    (manager) => leases.freed(manager),
  )
  const leases = opened.use(
    await openLeases(store, {
      worker: id,
      open: {
        count: (name) => seats({ name }).taken,
        onAllowed: (name) => seats({ name }).look(),
      },
      onFault,
      ...(leaseMs !== undefined && { forMs: leaseMs }),
    }),
  )
  const now = (): number => clock.now()
  const rates = opened.use(await openRates(store, { now, onFault, ...looksOf(options) }))
  const sharedKey = (): Promise<string | undefined> => configuration.current.connections.digestKey()
  const shelf = opened.use(await openTokenShelf(store, { forMs: leaseMs, sharedKey, onFault }))
  const tokens = opened.use(createTokens({ shelf, onEvent: emit }))
  const kerberos = opened.use(createKerberos())
  return { health, leases, seats, rates, starts: openStarts(store), tokens, kerberos }
}
