import { fairShares } from '../fleet/shares.ts'
import { createPlaces, type Places } from './places.ts'

/** Shares out how many jobs all names of a worker may have in flight together. */
export interface InFlight {
  /** Takes part; `onChange` is told when another number may run than was granted. */
  join(onChange: () => void): InFlightShare
  close(): void
}

/** One name's part of it. */
export interface InFlightShare {
  /** How many may run of the `wanted` that the name has sessions for. */
  grant(wanted: number): number
  /** Tells how many run now. */
  load(running: number): void
  /**
   * Waits for the place of one delivery among all names. There is one at once unless a job was being
   * taken already when the name's part became smaller.
   */
  enter(signal: AbortSignal): Promise<Disposable | undefined>
  /** Wants no more from now on; what runs still counts. */
  leave(): void
}

/** Of all names of a worker together. */
export const DEFAULT_MAX_IN_FLIGHT = 1_000

/** How long those who wait for another's end are put off, so that not every end is a new division. */
const DEAL_AFTER_MS = 20

interface Member {
  readonly onChange: () => void
  wanted: number
  running: number
  allowed: number
  hasLeft: boolean
}

interface State {
  readonly max: number
  readonly members: Set<Member>
  readonly places: Places
  /** `max`, or one for each name that has mail when that is more. */
  whole: number
  /** Whether somebody has less than he wants: only then it matters who runs how many. */
  isCrowded: boolean
  timer: NodeJS.Timeout | undefined
}

/**
 * Makes it for `max` jobs, or one for each name when that is more: every name that has mail goes on.
 * When they want more together, all get the same but none more than it uses, and nobody is given what
 * another one's running jobs still take.
 */
export function createInFlight(max: number): InFlight {
  const places = createPlaces(() => state.whole)
  const state: State = {
    max,
    whole: max,
    members: new Set(),
    places,
    isCrowded: false,
    timer: undefined,
  }
  return {
    join: (onChange) => join(state, onChange),
    close: () => clearTimeout(state.timer),
  }
}

function join(state: State, onChange: () => void): InFlightShare {
  const member: Member = { onChange, wanted: 0, running: 0, allowed: 0, hasLeft: false }
  state.members.add(member)
  return {
    grant: (wanted) => {
      if (member.hasLeft) return Math.min(wanted, member.allowed)
      if (wanted !== member.wanted) {
        member.wanted = wanted
        deal(state, member)
      }
      return member.allowed
    },
    load: (running) => {
      member.running = running
      if (member.hasLeft && running === 0) state.members.delete(member)
      if (state.isCrowded) dealSoon(state)
    },
    enter: (signal) => state.places.enter(signal),
    leave: () => {
      member.hasLeft = true
      member.wanted = 0
      if (member.running === 0) state.members.delete(member)
      deal(state, member)
    },
  }
}

function dealSoon(state: State): void {
  state.timer ??= setTimeout(() => {
    state.timer = undefined
    deal(state)
  }, DEAL_AFTER_MS).unref()
}

/** Divides anew, and tells all but `asking` whose part has changed. */
function deal(state: State, asking?: Member): void {
  const members = [...state.members]
  const taken = members.reduce((sum, { wanted, running }) => sum + Math.max(wanted, running), 0)
  state.whole = Math.max(state.max, members.filter(({ wanted }) => wanted > 0).length)
  state.isCrowded = taken > state.max
  const parts = state.isCrowded ? divide(state.whole, members) : members.map(({ wanted }) => wanted)
  const changed = members.filter((member, index) => {
    const before = member.allowed
    member.allowed = parts[index] ?? 0
    return member.allowed !== before && member !== asking
  })
  for (const { onChange } of changed) onChange()
}

function divide(whole: number, members: readonly Member[]): readonly number[] {
  const shares = fairShares(
    whole,
    members.map(({ wanted, running }) => {
      return { needs: Math.min(wanted, running * 2 + 1), likes: wanted }
    }),
  )
  const bases = members.map(({ allowed, running }, index) =>
    Math.max(Math.min(allowed, shares[index] ?? 0), running),
  )
  let free = whole - bases.reduce((sum, base) => sum + base, 0)
  return shares.map((share, index) => {
    const base = bases[index] ?? 0
    const more = Math.max(0, Math.min(share - base, free))
    free -= more
    return Math.min(share, base + more)
  })
}
