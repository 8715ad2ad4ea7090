import type { Lease, LeaseHolder } from './lease.ts'
import type { Ask, Share } from './lease-book.ts'
import { createLeaseLane, demandOf, loadLane, reviewDemand, type LeaseLane } from './lease-lane.ts'
import { fairShares } from './shares.ts'

/** What this process leases of one manager, and shares out among those who use it. */
export interface ManagerLease {
  /** What is asked for now; `using` are the sessions that are open. */
  ask(using: number): Ask
  /** Whether nobody uses it any more. */
  readonly isUnused: boolean
  /** How many sessions may be open now. */
  readonly allowed: number
  /** Whether more is held than is due. */
  readonly isOver: boolean
  /** What the store said last. */
  readonly share: Share | undefined
  /** How long ago the store was asked for what it then confirmed. */
  readonly ageMs: number
  open(max: number, holder: LeaseHolder): Lease
  /**
   * A share is about to be written down: until that is confirmed no more is allowed than both this
   * one and the one before have.
   */
  expect(share: Share, askedAt: Moment): void
  /** The share that was expected holds. True when it gave sessions back. */
  confirm(): boolean
  /** Looks at what was done lately; true when it is worth a word to the store. */
  review(): boolean
  /** Tells the holders what has become of the lease by the passing of time. */
  notice(): void
}

/** One moment on two clocks: one may stand still while the machine sleeps, one may be set. */
export interface Moment {
  readonly steady: number
  readonly wall: number
}

export interface ManagerLeaseOptions {
  /** After how long without a word from the store nothing new is begun, and what runs is cut off. */
  readonly lapsesAfterMs: number
  readonly lostAfterMs: number
  /** The store is to be asked soon. */
  readonly onNeed: () => void
  /** Another number of sessions is allowed. */
  readonly onAllowed: () => void
}

/** How sure a lease is, by the time since the store was asked for what it then confirmed. */
type Certainty = 'held' | 'lapsed' | 'lost'

interface State {
  readonly options: ManagerLeaseOptions
  readonly lanes: Set<LeaseLane>
  share: Share | undefined
  expected: { readonly share: Share; readonly at: Moment } | undefined
  confirmedAt: Moment | undefined
  told: Certainty
  /** What is written down for us at least. */
  held: number
}

/** Leases nothing at first. */
export function createManagerLease(options: ManagerLeaseOptions): ManagerLease {
  const state: State = {
    options,
    lanes: new Set(),
    share: undefined,
    expected: undefined,
    confirmedAt: undefined,
    told: 'lapsed',
    held: 0,
  }
  return {
    ask: (using) => {
      const demands = [...state.lanes].map(demandOf)
      const wanted = sum(demands, ({ needs }) => needs)
      const most = sum(demands, ({ likes }) => likes)
      return { using, wanted, most, max: Math.max(...[...state.lanes].map(({ max }) => max)) }
    },
    get isUnused() {
      return state.lanes.size === 0
    },
    get allowed() {
      return certaintyOf(state) === 'held' ? dueIn(state) : 0
    },
    get isOver() {
      return state.held > dueIn(state)
    },
    get share() {
      return state.share
    },
    get ageMs() {
      return ageOf(state)
    },
    open: (max, holder) => open(state, max, holder),
    expect: (share, at) => {
      state.expected = { share, at }
      if (share.sessions >= state.held) return
      state.held = share.sessions
      divide(state)
    },
    confirm: () => confirm(state),
    review: () => {
      const { lanes, share } = state
      const changed = [...lanes].filter(reviewDemand)
      const isCrowded = share !== undefined && share.held > share.sessions
      return changed.some((lane) => isCrowded || demandOf(lane).needs > lane.sessions)
    },
    notice: () => notice(state),
  }
}

function open(state: State, max: number, holder: LeaseHolder): Lease {
  const lane = createLeaseLane(max, holder)
  const change = (): void => {
    divide(state)
    state.options.onNeed()
  }
  state.lanes.add(lane)
  change()
  return {
    get sessions() {
      return certaintyOf(state) === 'held' ? lane.sessions : 0
    },
    load: (running) => {
      if (loadLane(lane, running)) state.options.onNeed()
    },
    resize: (size) => {
      if (lane.max === size) return
      lane.max = size
      change()
    },
    hold: (isHeld) => {
      if (lane.isHeld === isHeld) return
      lane.isHeld = isHeld
      change()
    },
    keep: (most) => {
      if (most >= lane.ceiling) return
      lane.ceiling = most
      change()
    },
    release: () => {
      if (state.lanes.delete(lane)) change()
    },
  }
}

function confirm(state: State): boolean {
  const { expected } = state
  if (expected === undefined) return false
  const before = state.share?.sessions ?? 0
  state.share = expected.share
  state.held = expected.share.sessions
  state.confirmedAt = expected.at
  state.expected = undefined
  notice(state)
  divide(state)
  return state.held < before
}

/** Shares out what is due among those who use it here. */
function divide(state: State): void {
  const all = [...state.lanes]
  const parts = fairShares(dueIn(state), all.map(demandOf))
  const changed = all.filter((lane, index) => {
    const before = lane.sessions
    lane.sessions = parts[index] ?? 0
    return lane.sessions !== before
  })
  state.options.onAllowed()
  for (const lane of changed) lane.holder.onChange()
}

function notice(state: State): void {
  const before = state.told
  state.told = certaintyOf(state)
  if (state.told === before) return
  state.options.onAllowed()
  for (const { holder } of state.lanes) {
    holder.onChange()
    if (state.told === 'lost') holder.onLost()
  }
}

function dueIn({ held, share }: State): number {
  return Math.min(held, share?.target ?? 0)
}

function certaintyOf(state: State): Certainty {
  if (state.confirmedAt === undefined) return 'lapsed'
  const ageMs = ageOf(state)
  if (ageMs > state.options.lostAfterMs) return 'lost'
  return ageMs > state.options.lapsesAfterMs ? 'lapsed' : 'held'
}

function ageOf({ confirmedAt }: State): number {
  if (confirmedAt === undefined) return Infinity
  const { steady, wall } = confirmedAt
  return Math.max(performance.now() - steady, Date.now() - wall)
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0)
}
