import { UNKNOWN, type Circuit } from '../fleet/circuit.ts'

/** Whether a name is parked, for how long it was, and when to look again whether mail can flow. */
export interface Parking {
  readonly isParked: boolean
  /** Parks, synchronously; the next look is when the circuit or the recheck says. */
  park(circuit: Circuit): void
  /** Takes again; answers for how long it was parked, undefined when it was not. */
  unpark(): number | undefined
  /** Milliseconds parked since a moment of the store's clock. Knows only what this worker saw. */
  msSince(since: number): number
  close(): void
}

export interface ParkingOptions {
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
  /** Spans that ended longer ago are forgotten. */
  readonly keepMs: number
  readonly onPark: () => void
  /** Looks whether mail can flow again; answers what the circuit is then. */
  readonly look: () => Promise<Circuit>
  readonly onFault: (error: unknown) => void
}

interface Span {
  readonly from: number
  readonly to: number
}

/** How often a parked name looks for a changed credential, whatever its circuit says. */
const RECHECK_MS = 5_000
/** How often it looks while another session is asking. */
const PROBED_ELSEWHERE_MS = 1_000
const MAX_SPANS = 200

/** Keeps one name's parking; nothing is parked at first. */
export function createParking(options: ParkingOptions): Parking {
  const { now, keepMs, onPark, look, onFault } = options
  let spans: readonly Span[] = []
  let parkedAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const lookWhenDue = (circuit: Circuit): void => {
    clearTimeout(timer)
    if (isClosed) return
    timer = setTimeout(() => void lookAgain(), dueInMs(circuit))
  }
  const lookAgain = async (): Promise<void> => {
    const found = await look().catch((error: unknown) => {
      onFault(error)
      return UNKNOWN
    })
    if (parkedAt !== undefined) lookWhenDue(found)
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
      spans = compact([...spans.filter(({ to }) => to > span.to - keepMs), span])
      parkedAt = undefined
      clearTimeout(timer)
      return span.to - span.from
    },
    msSince: (since) => {
      const all = parkedAt === undefined ? spans : [...spans, { from: parkedAt, to: now() }]
      return all.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, since)), 0)
    },
    close: () => {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

/** Of a server that comes and goes for days the oldest spans are joined: its mail ages a little less. */
function compact(spans: readonly Span[]): readonly Span[] {
  const [first, second, ...rest] = spans
  if (first === undefined || second === undefined || spans.length <= MAX_SPANS) return spans
  return [{ from: first.from, to: second.to }, ...rest]
}

function dueInMs(circuit: Circuit): number {
  if (circuit.state !== 'open') return PROBED_ELSEWHERE_MS
  return Math.max(10, Math.min(RECHECK_MS, circuit.until - Date.now()))
}
