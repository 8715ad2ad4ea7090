import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { Rate } from '../connections/rate.ts'
import type { Leases } from '../fleet/lease.ts'
import { perMinute } from '../fleet/lowered-rate.ts'
import { MOST_WAIT_MS } from '../fleet/rate-book.ts'
import type { RateLimit } from '../fleet/rate-terms.ts'
import type { Rates } from '../fleet/rates.ts'
import type { Slot } from '../fleet/slot-line.ts'
import type { Span } from '../fleet/spans.ts'
import type { Emit } from './events.ts'

/** The pace of a name: how fast its messages may go to its manager, by all workers together. */
export interface Pacing {
  /** When there was nothing to be had for longer than anybody waits. */
  readonly spans: readonly Span[]
  /** More jobs than this cannot have their turn soon. */
  readonly most: number
  /** Waits for the turn of a message; when that is far away, the name is left alone until then. */
  take(recipients: number, signal: AbortSignal): Promise<Slot>
  /**
   * Slows down because the server asked for it at `askedAt`, by the store's clock; answers the
   * messages per minute from now on.
   */
  slowDown(askedAt: number): Promise<number>
  /** Tells the fleet the manager's limits when they have changed: the strictest of all count. */
  review(): void
  close(): void
}

export interface PacingContext {
  readonly rates: Rates
  readonly leases: Leases
  readonly emit: Emit
  /** The manager as it is now. */
  readonly manager: () => ConnectionManager
  /** Takes nothing while held. */
  readonly hold: (isHeld: boolean) => void
  /** `most` may be otherwise than before. */
  readonly onChange: () => void
}

/** Who takes jobs again so much before the next turn is there waiting when it comes. */
const LEAD_MS = MOST_WAIT_MS - 1_000
const SHORTEST_REST_MS = 250
/** How often it is looked whether the terms have changed. */
const LONGEST_LOOK_MS = 1_000
const MEASURED_MS = 10_000
/** Fewer messages than this tell no rate. */
const LEAST_MEASURED = 10
const DEFAULT_RECIPIENTS_BURST = 100

const GO: Slot = { kind: 'go' }

/** Follows the pace of the manager of `connection`. */
export function createPacing(connection: string, context: PacingContext): Pacing {
  const { rates, leases, emit, hold, onChange } = context
  const { name } = context.manager()
  const limits = createLimits(context.manager)
  const meter = createMeter()
  const tellChange = createTeller(connection, name, emit)
  const rest = createRest(hold)
  const follow = (): void => {
    if (tellChange(pace.loweredEveryMs)) onChange()
  }
  const pace = rates.open(name, follow)
  let said: readonly RateLimit[] | undefined
  const review = (): void => {
    const now = limits()
    if (now === said) return
    said = now
    pace.say(now)
  }
  review()
  return {
    get spans() {
      return pace.waits
    },
    get most() {
      const messages = limits().filter(({ of }) => of === 'messages')
      const everyMs = Math.max(pace.loweredEveryMs ?? 0, ...messages.map((one) => one.everyMs))
      if (everyMs === 0) return Infinity
      const burst = Math.min(...messages.map((one) => one.burst), Infinity)
      const atOnce = pace.loweredEveryMs === undefined && burst < Infinity ? burst : 1
      return atOnce + Math.floor(MOST_WAIT_MS / everyMs)
    },
    take: async (recipients, signal) => {
      review()
      const slot = pace.isFree() ? GO : await pace.take(recipients, signal)
      if (slot.kind === 'go') meter.count()
      if (slot.kind === 'later') rest.begin(() => pace.forMs(recipients))
      return slot
    },
    slowDown: async (askedAt) => {
      const own = meter.everyMs()
      const measured = own === undefined ? undefined : own * leases.part(name)
      const lowered = await pace.slowDown(askedAt, measured)
      follow()
      return perMinute(lowered?.everyMs ?? pace.loweredEveryMs ?? 1_000)
    },
    review,
    close: () => {
      rest.close()
      pace.close()
    },
  }
}

/** Tells what becomes of the rate that a server asked for; answers whether it is otherwise now. */
function createTeller(
  connection: string,
  manager: string,
  emit: Emit,
): (everyMs: number | undefined) => boolean {
  let told: { readonly rate: number; readonly since: number } | undefined
  return (everyMs) => {
    const rate = everyMs === undefined ? undefined : perMinute(everyMs)
    if (rate === told?.rate) return false
    const since = told?.since ?? performance.now()
    told = rate === undefined ? undefined : { rate, since }
    if (rate === undefined) {
      const loweredMs = Math.round(performance.now() - since)
      emit({ event: 'rate-restored', connection, manager, loweredMs })
    } else emit({ event: 'rate-changed', connection, manager, perMinute: rate })
    return true
  }
}

/** Holds a name until its next turn comes near; `forMs` says how far away it is. */
function createRest(hold: (isHeld: boolean) => void): {
  begin(forMs: () => number): void
  close(): void
} {
  let timer: NodeJS.Timeout | undefined
  const wait = (forMs: () => number): void => {
    const restMs = Math.max(SHORTEST_REST_MS, forMs() - LEAD_MS)
    timer = setTimeout(look, Math.min(restMs, LONGEST_LOOK_MS), forMs).unref()
  }
  const look = (forMs: () => number): void => {
    if (forMs() > MOST_WAIT_MS) {
      wait(forMs)
      return
    }
    timer = undefined
    hold(false)
  }
  return {
    begin: (forMs) => {
      if (timer !== undefined) return
      wait(forMs)
      hold(true)
    },
    close: () => clearTimeout(timer),
  }
}

/** The rates of the manager as limits, worked out again when the manager has changed. */
function createLimits(manager: () => ConnectionManager): () => readonly RateLimit[] {
  let rates: readonly Rate[] = []
  let limits: readonly RateLimit[] = []
  return () => {
    const { rate, recipientsPerTransaction } = manager().limits
    if (rate === rates) return limits
    rates = rate
    limits = rate.map((one) => limitOf(one, recipientsPerTransaction))
    return limits
  }
}

/** A rate as the fleet counts it; a server counts what is split as several messages. */
function limitOf(
  { messages, recipients = 1, per, burst }: Rate,
  recipientsPerTransaction: number,
): RateLimit {
  const of = messages === undefined ? 'recipients' : 'messages'
  const count = messages ?? recipients
  const least = of === 'messages' ? 1 : DEFAULT_RECIPIENTS_BURST
  const usual = Math.max(least, Math.ceil((count * 1_000) / per))
  const everyMs = per / count
  const limit: RateLimit = { of, everyMs, burst: burst ?? usual, perMs: per }
  return of === 'messages' ? { ...limit, recipientsEach: recipientsPerTransaction } : limit
}

/** Measures how far apart the messages of this worker were lately. */
function createMeter(): {
  count(): void
  everyMs(): number | undefined
} {
  let since = performance.now()
  let now = 0
  let before = 0
  const turn = (): void => {
    const age = performance.now() - since
    if (age < MEASURED_MS) return
    before = age < 2 * MEASURED_MS ? now : 0
    now = 0
    since = performance.now()
  }
  return {
    count: () => {
      turn()
      now += 1
    },
    everyMs: () => {
      turn()
      const spanMs = performance.now() - since + (before > 0 ? MEASURED_MS : 0)
      const count = now + before
      return count < LEAST_MEASURED ? undefined : spanMs / count
    },
  }
}
