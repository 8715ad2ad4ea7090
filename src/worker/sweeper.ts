import { setTimeout as rest } from 'node:timers/promises'

import { openTurns } from '../fleet/turns.ts'
import type { Store } from '../store/store.ts'
import { sweepContent } from './sweep-content.ts'
import {
  createSweepMemory,
  type SweepContext,
  type Swept,
  type SweepTimes,
} from './sweep-context.ts'
import { evictHistory } from './sweep-history.ts'
import { removeLeft } from './sweep-left.ts'
import { findLost } from './sweep-lost.ts'
import { tellUnreadableOnce } from './sweep-record.ts'
import { forgetHeld, forgetNames, purgeEnded } from './sweep-retention.ts'
import { addStranded } from './sweep-stranded.ts'
import { settleDue } from './sweep-uncertain.ts'
import { expireUntaken } from './sweep-untaken.ts'

export interface SweeperOptions extends Omit<SweepContext, 'goOn'>, SweepTimes {
  readonly store: Store
}

/** Grace a minute, names known for 30 days, held messages for 90, 256 MiB of history. */
export const SWEEP_DEFAULTS = {
  everyMs: 60_000,
  graceMs: 60_000,
  retentionMs: 30 * 86_400_000,
  heldRetentionMs: 90 * 86_400_000,
  historyKeepForMs: 30 * 86_400_000,
  historyMaxBytes: 268_435_456,
} as const

/** Puts right what crashes and people left behind; one at a time in the fleet. */
export interface Sweeper {
  /** Sweeps now; undefined while another member of the fleet has its turn. Never rejects. */
  sweep(): Promise<Swept | undefined>
  /** Sweeps no more, and waits for the page under way. */
  close(): Promise<void>
}

/** Between two pages, so that mail always comes first. */
const REST_MS = 20
const TASK = 'sweep'

/** Begins to sweep every `everyMs`, for the first time after as long. */
export function openSweeper(options: SweeperOptions): Sweeper {
  const { store, worker, everyMs } = options
  const onStoreFault = tellUnreadableOnce(options.onStoreFault)
  const turns = openTurns(store)
  const memory = createSweepMemory()
  const closing = new AbortController()
  const { signal } = closing
  let sweeping: Promise<Swept | undefined> | undefined

  /** The turn lasts until the next sweep is due, so that the fleet sweeps once in that time. */
  const mayGoOn = async (): Promise<boolean> =>
    !signal.aborted && (await turns.take(TASK, worker, everyMs))
  const goOn = async (): Promise<boolean> => {
    await rest(REST_MS, undefined, { signal }).catch(() => undefined)
    return mayGoOn()
  }
  const context: SweepContext = { ...options, onStoreFault, goOn }

  const attempt = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return (await mayGoOn()) ? await work() : otherwise
    } catch (error) {
      if (!signal.aborted) onStoreFault(error)
      return otherwise
    }
  }
  const run = async (): Promise<Swept | undefined> => {
    const startedAt = performance.now()
    if (!(await attempt(async () => true, false))) return undefined
    const stranded = await attempt(() => addStranded(context), 0)
    await attempt(() => settleDue(context), undefined)
    const found = await attempt(() => findLost(memory, context), { requeued: 0, lost: 0 })
    const expired = await attempt(() => expireUntaken(memory, context), 0)
    const forgotten = await attempt(() => forgetHeld(context), 0)
    await attempt(() => removeLeft(memory, context), undefined)
    await attempt(() => purgeEnded(context), undefined)
    await attempt(() => evictHistory(context), undefined)
    await attempt(() => sweepContent(context), 0)
    await attempt(() => forgetNames(context), undefined)
    const swept = { requeued: stranded + found.requeued, lost: found.lost, expired, forgotten }
    if (Object.values(swept).some((count) => count > 0)) {
      context.emit({ event: 'swept', ...swept, ms: performance.now() - startedAt })
    }
    return swept
  }
  const sweep = (): Promise<Swept | undefined> =>
    (sweeping ??= run().finally(() => (sweeping = undefined)))
  const timer = setInterval(() => void sweep(), everyMs).unref()

  return {
    sweep,
    close: async () => {
      closing.abort()
      clearInterval(timer)
      await within(sweeping, PATIENCE_MS)
      await within(turns.giveBack(TASK, worker).catch(onStoreFault), PATIENCE_MS)
    },
  }
}

/** A store that is away holds nobody up: the turn ends by itself. */
const PATIENCE_MS = 2_000

async function within(work: Promise<unknown> | undefined, ms: number): Promise<void> {
  const over = new AbortController()
  await Promise.race([work, rest(ms, undefined, { signal: over.signal }).catch(() => undefined)])
  over.abort()
}
