import { access } from 'node:fs/promises'

import { formatDuration } from '../../duration.ts'
import { tryWrite } from '../../fleet/trial-write.ts'
import { describeLocation, parseLocation } from '../../store/location.ts'
import type { Store } from '../../store/store.ts'
import type { Setup } from '../setup.ts'
import { openStoreView, type StoreView } from '../store-view.ts'
import { checkFleet } from './check-fleet.ts'
import { checkPostgres } from './check-postgres.ts'
import { checkRedis } from './check-redis.ts'
import { checked, ok, problem, warning, type Check } from './check.ts'

/** Looks at the store: whether it answers, how it keeps mail, its clock, its tables, and the fleet. */
export async function checkStore(setup: Setup): Promise<readonly Check[]> {
  return checked('store', async () => {
    const at = parseLocation(setup.settings.queue)
    if (at.kind === 'embedded' && !(await exists(at.directory))) {
      const advice = 'a producer, a worker or "mailroom dev" makes it'
      return [warning('store', `${describeLocation(at)} is not there yet`, advice)]
    }
    await using view = await openStoreView(setup)
    const { store } = view
    return [
      ok('store', `${store.location} answers`),
      ...(await checkKind(view)),
      ...(await checkWrites(store)),
      await checkClock(store, setup.config.worker.lock),
      ...(await checkFleet(setup, view)),
    ]
  })
}

/** All else may be well: a replica and a store that is full answer too. */
async function checkWrites(store: Store): Promise<readonly Check[]> {
  return checked('store: writes', async () => {
    await tryWrite(store)
    return [ok('store: writes', 'one was taken, and taken back')]
  })
}

async function checkKind({ store }: StoreView): Promise<readonly Check[]> {
  if (store.kind === 'postgres') return checkPostgres(store.pool)
  // A user with few rights may not ask for it; that is no reason to tell nothing else.
  const info = await store.client.info().catch(() => undefined)
  if (info !== undefined) return checkRedis(info)
  const advice = 'allow the command INFO to this user'
  return [warning('store: version', 'it does not tell its settings', advice)]
}

const TRIES = 5
/** A difference below this is no more than what measuring may cost. */
const MIN_WARNING_MS = 1_000

async function checkClock(store: Store, lockMs: number): Promise<Check> {
  let best = { roundTripMs: Infinity, aheadMs: 0 }
  for (let tries = 0; tries < TRIES; tries += 1) {
    const begun = performance.now()
    const before = Date.now()
    const storeMs = await store.nowMs()
    const roundTripMs = performance.now() - begun
    const aheadMs = before + roundTripMs / 2 - storeMs
    if (roundTripMs < best.roundTripMs) best = { roundTripMs, aheadMs }
  }
  const ms = Math.abs(Math.round(best.aheadMs))
  const side = best.aheadMs > 0 ? 'ahead of' : 'behind'
  const detail = `this machine is ${formatDuration(ms)} ${side} the store`
  const advice = 'let both machines follow a time server'
  if (ms > lockMs / 4) return problem('store: clock', `${detail}: workers take nothing`, advice)
  if (ms > MIN_WARNING_MS) return warning('store: clock', detail, advice)
  return ok('store: clock', detail)
}

async function exists(directory: string): Promise<boolean> {
  return access(directory).then(
    () => true,
    () => false,
  )
}
