import type { LiveWorker } from '../../fleet/fleet.ts'
import { openHealthChanges } from '../../fleet/health-changes.ts'
import { parkedStanding } from '../../fleet/health-standing.ts'
import { openPauses } from '../../fleet/pauses.ts'
import { readVersion } from '../../version.ts'
import { describeParked } from '../describe-parked.ts'
import type { Setup } from '../setup.ts'
import type { StoreView } from '../store-view.ts'
import { ok, problem, warning, type Check } from './check.ts'

/** Looks at who is at work on the store, who is missing, what operators have paused, and what cannot be used. */
export async function checkFleet(
  { config }: Pick<Setup, 'config'>,
  { store, queues, registry }: StoreView,
): Promise<readonly Check[]> {
  const { workers, names: known } = await registry.list()
  const pauses = await openPauses(store).list()
  const names = new Set([...config.connections.names(), ...known.map(({ name }) => name)])
  const served = new Set(workers.flatMap(({ names: theirs }) => theirs))
  const checks: Check[] = [checkWorkers(workers)]
  for (const name of names) {
    const { waiting, delayed } = await queues.depth(name)
    const quoted = JSON.stringify(name)
    if (!served.has(name) && waiting + delayed > 0) {
      const detail = `${quoted}: ${waiting + delayed} waiting, no worker`
      const advice = `start "mailroom worker" with this name in its configuration`
      checks.push(problem('fleet: names', detail, advice))
    }
    if (await queues.isPaused(name)) {
      const advice = `end it with "mailroom queue resume"`
      checks.push(warning('fleet: pauses', `the queue ${quoted} is paused`, advice))
    }
  }
  for (const [name, { current }] of pauses) {
    if (current === undefined) continue
    const since = new Date(current.since).toISOString()
    const why = current.reason === undefined ? '' : ` (${current.reason})`
    const detail = `${JSON.stringify(name)} is paused since ${since}${why}`
    checks.push(warning('fleet: pauses', detail, 'end it with "mailroom connections resume"'))
  }
  return [...checks, ...(await checkHealth(store))]
}

/** Through which managers no mail flows, as the workers found. */
async function checkHealth(store: StoreView['store']): Promise<readonly Check[]> {
  const health = await openHealthChanges(store).all()
  const now = await store.nowMs()
  return [...health].flatMap(([name, record]) => {
    const parked = parkedStanding(record, now)
    if (parked === undefined) return []
    const detail = `${JSON.stringify(name)} is ${describeParked(parked, now)}`
    return parked.blames === 'account'
      ? [problem('fleet: health', detail, withRemedy(parked.remedy, ACCOUNT_ADVICE))]
      : [
          warning(
            'fleet: health',
            detail,
            withRemedy(parked.remedy, 'workers ask it again by themselves'),
          ),
        ]
  })
}

const ACCOUNT_ADVICE =
  'a changed login is tried at once, the same one after "mailroom connections resume"'

/** What to do about what was found, and what becomes of it then. */
function withRemedy(remedy: string | undefined, advice: string): string {
  return remedy === undefined ? advice : `${remedy} Then ${advice}`
}

function checkWorkers(workers: readonly LiveWorker[]): Check {
  const versions = [...new Set(workers.map(({ version }) => version))].toSorted()
  const check = 'fleet: workers'
  if (workers.length === 0) return warning(check, 'none', 'start "mailroom worker"')
  const detail = `${workers.length} of version ${versions.join(', ')}`
  if (versions.length === 1 && versions[0] === readVersion()) return ok(check, detail)
  return warning(check, `${detail}, this is ${readVersion()}`, 'bring all to one version')
}
