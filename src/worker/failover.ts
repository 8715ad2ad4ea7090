import type { Standing } from './standing.ts'

/** A member of a group, in the group's order. */
export interface Candidate<Member> {
  readonly member: Member
  readonly standing: Standing
  /** Whether some messages may not go through it, so that those after it are needed too. */
  readonly isRestricted: boolean
}

/** Which members of a failover group are used now. */
export interface Failover<Member> {
  /** Those that mail may go through, most wanted first. */
  readonly used: readonly Member[]
  /** Those behind all that may be used: they need no sessions. */
  readonly spare: readonly Member[]
  /** The one that a message without restrictions goes through; undefined while none may. */
  readonly lead: Member | undefined
  /** When the next member may be used, unless one before it works again; undefined when none waits. */
  readonly nextAt: number | undefined
}

/**
 * Decides who is used. A member is passed over when it has been unusable for `afterMs`; while it is
 * not known whether it works, or not unusable for so long, mail waits for it.
 */
export function decideFailover<Member>(
  candidates: readonly Candidate<Member>[],
  afterMs: number,
  now: number,
): Failover<Member> {
  const used: Member[] = []
  let lead: Member | undefined
  let nextAt: number | undefined
  let isOpen = true
  let reached = 0
  for (const { member, standing, isRestricted } of candidates) {
    reached += 1
    if (standing.kind === 'usable') used.push(member)
    if (standing.kind === 'usable' && isOpen) lead = member
    const passedAt = standing.kind === 'unusable' ? standing.since + afterMs : Infinity
    if (passedAt <= now) continue
    if (Number.isFinite(passedAt)) nextAt = Math.min(nextAt ?? Infinity, passedAt)
    isOpen = false
    if (!isRestricted) break
  }
  const spare = candidates.slice(reached).map(({ member }) => member)
  return { used, spare, lead, nextAt }
}
