import type { ConfigurationIssue } from '../connections/configuration-issue.ts'
import { InvalidConfigurationError } from '../connections/errors.ts'
import type { Resolver } from '../connections/resolver.ts'
import { isMailroomError } from '../errors.ts'
import type { Emit } from './events.ts'
import type { Floor } from './floor.ts'
import type { LaneChanges } from './lanes.ts'
import { faultReporter } from './store-faults.ts'

/** What a running worker can be given anew. */
export interface Reconfiguration {
  readonly connections: Resolver
  /** Takes only these names' jobs, as far as there are such names; all by default. */
  readonly names?: readonly string[]
  /** Settings that have changed and count at the next start only, to be told. */
  readonly atNextStart?: readonly string[]
}

/** Loads what a worker shall work with; throws a `MailroomError` when that is not valid. */
export type LoadReconfiguration = () => Reconfiguration | Promise<Reconfiguration>

/** What became of a new configuration; a refused one changes nothing. */
export type Reconfigured =
  | ({ readonly kind: 'applied' } & LaneChanges)
  | { readonly kind: 'refused'; readonly problems: readonly ConfigurationIssue[] }
  /** The worker stops, or has. */
  | { readonly kind: 'ignored' }

/** A worker's place at the moment: its open floor, or why there is none. */
export type Place = Floor | 'not-started' | 'leaving'

/** Gives a worker one configuration after the other. */
export interface Reconfigurer {
  /** What holds now. */
  readonly current: Reconfiguration
  /** Loads and applies, after those before it; without `load` what holds is looked up again. */
  reconfigure(load?: LoadReconfiguration): Promise<Reconfigured>
  /** Some names could not be opened at the start: what holds is looked up again soon. */
  tryAgain(): void
}

/** Begins with `first`; `place` waits for a floor that is being opened. */
export function createReconfigurer(
  first: Reconfiguration,
  place: () => Promise<Place>,
  emit: Emit,
): Reconfigurer {
  const onFault = faultReporter(emit)
  let current = first
  let last: Promise<unknown> = Promise.resolve()
  /** How often names were tried that could not be opened; 0 when there are none. */
  let tries = 0
  let timer: NodeJS.Timeout | undefined

  const apply = async (to: Reconfiguration): Promise<LaneChanges | undefined> => {
    const floor = await place()
    if (floor === 'leaving') return undefined
    const changes = floor === 'not-started' ? NOTHING : await floor.reconfigure(to)
    if (changes === undefined) return undefined
    current = to
    if (floor === 'not-started') return changes
    const { atNextStart = [] } = to
    tries = changes.delayed.length === 0 ? 0 : tries + 1
    const retry = tries === 0 ? {} : { retryInMs: retryInMs(tries) }
    emit({ event: 'config-applied', connections: floor.names, ...changes, atNextStart, ...retry })
    return changes
  }
  const takeOver = async (load: LoadReconfiguration): Promise<Reconfigured> => {
    if ((await place()) === 'leaving') {
      tries = 0
      return { kind: 'ignored' }
    }
    try {
      const changes = await apply(await load())
      return changes ? { kind: 'applied', ...changes } : { kind: 'ignored' }
    } catch (error) {
      if (!isMailroomError(error)) throw error
      const problems = problemsOf(error)
      emit({ event: 'config-refused', problems })
      return { kind: 'refused', problems }
    }
  }
  /** What could not be opened is looked up again, also after what was refused. */
  const tryLater = (): void => {
    clearTimeout(timer)
    if (tries === 0) return
    timer = setTimeout(() => void reconfigure().catch(onFault), retryInMs(tries)).unref()
  }
  const reconfigure = (load: LoadReconfiguration = () => current): Promise<Reconfigured> => {
    const taking = last.then(() => takeOver(load)).finally(tryLater)
    last = taking.catch(() => undefined)
    return taking
  }
  return {
    get current() {
      return current
    },
    reconfigure,
    tryAgain: () => {
      tries = 1
      tryLater()
    },
  }
}

const NOTHING: LaneChanges = { added: [], changed: [], removed: [], delayed: [] }

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000

function retryInMs(tries: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 10))
}

function problemsOf(error: Error & { readonly code: string }): readonly ConfigurationIssue[] {
  if (error instanceof InvalidConfigurationError) return error.issues
  return [{ path: [], code: error.code, message: error.message }]
}
