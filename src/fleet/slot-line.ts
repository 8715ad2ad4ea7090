/** What came of the wish to send one message. */
export type Slot =
  /** It may be sent now. */
  | { readonly kind: 'go' }
  /** There is nothing to be had for so long, and nothing is used up. */
  | { readonly kind: 'later'; readonly forMs: number }
  /** Whoever waited has gone. */
  | { readonly kind: 'gone' }

/** Slots as the store gave them, by its clock. */
export interface Reserved {
  readonly at: readonly number[]
  readonly nextAt: number | undefined
  /** Slots that nobody waits for yet. */
  readonly spareAt: readonly number[]
  /** How much later than its time each of these may be used. */
  readonly lateMs: number
  /** When the store said so: by its clock, and by the one of `performance`, at the latest. */
  readonly nowMs: number
  readonly saidAt: number
}

/** Those who wait for slots of one manager in this process. */
export interface SlotLine {
  wait(recipients: number, signal: AbortSignal): Promise<Slot>
}

/**
 * Asks the store for slots for messages with so many recipients, and for `spare` more if they are near;
 * none is before `leadMs` from now.
 */
export type Reserve = (
  recipients: readonly number[],
  spare: number,
  leadMs: number,
) => Promise<Reserved>

/** Whether a message with so many recipients uses no more than a slot that was taken in advance. */
export type TakesSpare = (recipients: number) => boolean

interface Waiter {
  readonly recipients: number
  readonly signal: AbortSignal
  readonly resolve: (slot: Slot) => void
  readonly reject: (error: unknown) => void
}

/** A slot that is not used for so long after its time is wasted: late ones would come in a crowd. */
export const LATE_MS = 250
/** What the store needed so long to write down is not used. */
const STALE_MS = 1_000
/** A store that takes longer gives nothing. */
const MOST_LEAD_MS = 5_000
/** Slots are taken in advance for what is sent in so long a time. */
const AHEAD_MS = 100
const WINDOW_MS = 1_000
const MOST_AT_ONCE = 200

const GO: Slot = { kind: 'go' }
const GONE: Slot = { kind: 'gone' }

/** A slot that anybody may use from one moment to another, by the clock of `performance`. */
interface Spare {
  readonly usableAt: number
  readonly until: number
}

interface State {
  readonly reserve: Reserve
  readonly takesSpare: TakesSpare
  readonly waiting: Waiter[]
  spare: Spare[]
  /** How long the store needed to write down what it gave, when that was too long to use it. */
  leadMs: number
  isAsking: boolean
  served: { readonly since: number; readonly before: number; count: number }
}

/**
 * Makes a line in which nobody waits. All who wait are asked for together, and when much is sent
 * some slots are taken in advance: unused ones are wasted.
 */
export function createSlotLine(reserve: Reserve, takesSpare: TakesSpare): SlotLine {
  const state: State = {
    reserve,
    takesSpare,
    waiting: [],
    spare: [],
    leadMs: 0,
    isAsking: false,
    served: { since: performance.now(), before: 0, count: 0 },
  }
  return {
    wait: (recipients, signal) =>
      new Promise((resolve, reject) => {
        state.waiting.push(createWaiter(recipients, signal, resolve, reject))
        pump(state)
      }),
  }
}

/** Who goes away hears so at once, also while the store is asked. */
function createWaiter(
  recipients: number,
  signal: AbortSignal,
  resolve: (slot: Slot) => void,
  reject: (error: unknown) => void,
): Waiter {
  const leave = (): void => resolve(GONE)
  const stay = (): void => signal.removeEventListener('abort', leave)
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  return {
    recipients,
    signal,
    resolve: (slot) => {
      stay()
      resolve(slot)
    },
    reject: (error) => {
      stay()
      reject(error)
    },
  }
}

function pump(state: State): void {
  const { waiting, takesSpare } = state
  const now = performance.now()
  state.spare = takesSpare(1) ? state.spare.filter(({ until }) => until > now) : []
  for (let [next] = waiting; next && state.spare.length > 0; [next] = waiting) {
    if (!takesSpare(next.recipients)) break
    waiting.shift()
    if (isThere(next)) serve(state, next, state.spare.shift()?.usableAt ?? now)
  }
  if (!state.isAsking && waiting.length > 0) void ask(state)
}

async function ask(state: State): Promise<void> {
  const { reserve, takesSpare, waiting, leadMs } = state
  const asking = waiting.splice(0, MOST_AT_ONCE).filter(isThere)
  if (asking.length === 0) {
    // All of these have gone; others may stand behind them.
    pump(state)
    return
  }
  state.isAsking = true
  try {
    const wishes = asking.map(({ recipients }) => recipients)
    const reserved = await reserve(wishes, takesSpare(1) ? ahead(state) : 0, leadMs)
    const tookMs = performance.now() - reserved.saidAt
    state.leadMs = tookMs > STALE_MS ? Math.min(tookMs, MOST_LEAD_MS) : 0
    // So late they would come in a crowd with those that were given out meanwhile.
    if (tookMs > leadMs + STALE_MS) waiting.unshift(...asking)
    else give(state, asking, reserved)
  } catch (error) {
    for (const { reject } of asking) reject(error)
  }
  state.isAsking = false
  pump(state)
}

function give(state: State, asking: readonly Waiter[], reserved: Reserved): void {
  const { at, nextAt = 0, spareAt, lateMs, nowMs, saidAt } = reserved
  const usable = (slot: number): number => slot - nowMs + saidAt
  for (const [index, waiter] of asking.entries()) {
    const slot = at[index]
    if (slot === undefined) waiter.resolve({ kind: 'later', forMs: nextAt - nowMs })
    else if (isThere(waiter)) serve(state, waiter, usable(slot))
    else spare(state, usable(slot), 0)
  }
  for (const slot of spareAt) spare(state, usable(slot), lateMs)
}

function spare(state: State, usableAt: number, lateMs: number): void {
  state.spare.push({ usableAt, until: usableAt + lateMs })
}

function serve(state: State, { signal, resolve }: Waiter, usableAt: number): void {
  const go = (): void => {
    signal.removeEventListener('abort', leave)
    count(state)
    resolve(GO)
  }
  const leave = (): void => {
    clearTimeout(timer)
    spare(state, usableAt, 0)
    pump(state)
  }
  const waitMs = usableAt - performance.now()
  // Timers may be a millisecond early.
  const timer = waitMs > 0 ? setTimeout(go, Math.ceil(waitMs) + 1) : undefined
  if (timer === undefined) go()
  else signal.addEventListener('abort', leave, { once: true })
}

/** How many slots are used in the time for which they are taken in advance. */
function ahead({ served }: State): number {
  const perWindow = Math.max(served.count, served.before)
  return Math.min(MOST_AT_ONCE, Math.floor((perWindow * AHEAD_MS) / WINDOW_MS))
}

function count(state: State): void {
  const { since, count: soFar } = state.served
  const now = performance.now()
  if (now - since >= WINDOW_MS) {
    const before = now - since < 2 * WINDOW_MS ? soFar : 0
    state.served = { since: now, before, count: 0 }
  }
  state.served.count += 1
}

function isThere({ signal }: Waiter): boolean {
  return !signal.aborted
}
