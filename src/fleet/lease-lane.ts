import type { LeaseHolder } from './lease.ts'
import type { Demand } from './shares.ts'

/** One holder's part of what this process leases of a manager. */
export interface LeaseLane {
  readonly holder: LeaseHolder
  /** As the manager allows it. */
  max: number
  /** Never wants more than this. */
  ceiling: number
  isHeld: boolean
  /** What it has work for. */
  needs: number
  /** The most deliveries that ran at once since the demand was last looked at. */
  peak: number
  running: number
  /** What it may use. */
  sessions: number
}

/** Somebody who has done nothing yet. */
export function createLeaseLane(max: number, holder: LeaseHolder): LeaseLane {
  return {
    holder,
    max,
    ceiling: Infinity,
    isHeld: false,
    needs: 1,
    peak: 0,
    running: 0,
    sessions: 0,
  }
}

/** What it needs to do its work, and what it would like to have at hand. */
export function demandOf({ isHeld, needs, max, ceiling }: LeaseLane): Demand {
  const likes = isHeld ? 0 : Math.min(max, ceiling)
  return { needs: Math.min(needs, likes), likes }
}

/**
 * Learns how many deliveries run. True when it needs more at once: who uses all that he has gets
 * twice as much.
 */
export function loadLane(lane: LeaseLane, running: number): boolean {
  lane.running = running
  if (running <= lane.peak) return false
  lane.peak = running
  if (running < lane.sessions || lane.needs > running) return false
  lane.needs = running * 2
  return true
}

/** Looks at what ran since the last look: who did not use all that he has needs one more than that. */
export function reviewDemand(lane: LeaseLane): boolean {
  const { peak, needs, sessions } = lane
  const fresh = peak > 0 && peak >= sessions ? Math.max(peak * 2, needs) : peak + 1
  lane.peak = lane.running
  lane.needs = fresh
  return fresh !== needs
}
