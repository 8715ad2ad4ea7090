import { UNKNOWN, type Circuit } from '../fleet/circuit.ts'
import { compactSpans, msCoveredBeside, type Span } from '../fleet/spans.ts'

/** Whether a name is parked, for how long it was, and when to look again whether mail can flow. */
export interface Parking {
  readonly isParked: boolean
  /** Parks, synchronously; the next look is when the circuit or the recheck says. */
  park(circuit: Circuit): void
  /** Takes again; answers for how long it was parked, undefined when it was not. */
  unpark(): number | undefined
  /** Looks at once whether mail can flow again; a no-op when not parked. */
  lookNow(): void
  /** The spans in which it was parked or paused, here or in the whole fleet; they may overlap. */
  spans(): readonly Span[]
  /**
   * Milliseconds parked or paused, here or in the whole fleet, since a moment of the store's clock; those
   * in `besides` count for nothing.
   */
  msSince(since: number, besides: readonly Span[]): number
  close(): void
}

export interface ParkingOptions {
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
  /** Spans that ended longer ago are forgotten. */
  readonly keepMs: number
  readonly onPark: () => void
  /** The spans in which the fleet could not use the manager, or operators had paused it. */
  readonly spansOfFleet: () => readonly Span[]
  /** Looks whether mail can flow again; answers what the circuit is then. */
  readonly look: () => Promise<Circuit>
  readonly onFault: (error: unknown) => void
}

/** How often a parked name looks for a changed credential, whatever its circuit says. */
const RECHECK_MS = 5_000
/** How often it looks while another session is asking. */
const PROBED_ELSEWHERE_MS = 1_000
/** Of a server that comes and goes for days the oldest are joined: its mail ages a little less. */
const MAX_SPANS = 200

/** Keeps one name's parking; nothing is parked at first. */
export function createParking(options: ParkingOptions): Parking {
  const { now, keepMs, onPark, spansOfFleet, look, onFault } = options
  let spans: readonly Span[] = []
  let parkedAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const lookWhenDue = (circuit: Circuit): void => {
    clearTimeout(timer)
    if (isClosed) return
    timer = setTimeout(() => void lookAgain(), dueInMs(circuit, now()))
  }
  const lookAgain = async (): Promise<void> => {
    const found = await look().catch((error: unknown) => {
      onFault(error)
      return UNKNOWN
    })
    if (parkedAt !== undefined) lookWhenDue(found)
  }

  const allSpans = (): readonly Span[] => {
    const current = parkedAt === undefined ? [] : [{ from: parkedAt, to: now() }]
    return [...spans, ...current, ...spansOfFleet()]
  }

  return {
    get isParked() {
      return parkedAt !== undefined
    },
    park: (circuit) => {
      if (parkedAt === undefined) {
        parkedAt = now()
        onPark()
      }
      lookWhenDue(circuit)
    },
    unpark: () => {
      if (parkedAt === undefined) return undefined
      const span = { from: parkedAt, to: now() }
      spans = compactSpans([...spans.filter(({ to }) => to > span.to - keepMs), span], MAX_SPANS)
      parkedAt = undefined
      clearTimeout(timer)
      return span.to - span.from
    },
    lookNow: () => {
      clearTimeout(timer)
      if (parkedAt !== undefined && !isClosed) void lookAgain()
    },
    spans: allSpans,
    msSince: (since, besides) => msCoveredBeside(allSpans(), besides, since),
    close: () => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

function dueInMs(circuit: Circuit, now: number): number {
  if (circuit.state !== 'open') return PROBED_ELSEWHERE_MS
  return Math.max(10, Math.min(RECHECK_MS, circuit.until - now))
}
