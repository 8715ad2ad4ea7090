import { remedyOf } from './cause-remedy.ts'
import { NEVER, type Blame } from './circuit.ts'
import type { Cause, Entry, ManagerHealth } from './manager-health.ts'

/**
 * How a manager stands, for people.
 *
 * - `works`: a session was let in, and none has been kept out since.
 * - `parked`: nothing is tried before `nextProbeAt`.
 * - `asked`: a session asks now, whether for the first time or again.
 * - `unknown`: nobody has asked yet.
 */
export interface HealthStanding extends Cause {
  /** Tells managers of one name apart that differ in server, TLS or credentials. */
  readonly digest: string
  readonly state: 'works' | 'parked' | 'asked' | 'unknown'
  readonly blames?: Blame
  /** Since when mail could not flow through it. */
  readonly since?: Date
  /** Absent when only another credential or an operator ends it. */
  readonly nextProbeAt?: Date
  readonly foundBy?: string
  /** When a worker that uses it last said so, to five minutes. */
  readonly usedAt: Date
}

const DIGITS = 8

/** How the managers of one name stand, the one that was used last first. */
export function standingsOf({ entries }: ManagerHealth, now: number): readonly HealthStanding[] {
  return Object.entries(entries)
    .map(([digest, entry]) => standingOf(digest, entry, now))
    .toSorted((a, b) => b.usedAt.getTime() - a.usedAt.getTime())
}

/** How the manager of a name stands through which no mail can flow; undefined when it can. */
export function parkedStanding(record: ManagerHealth, now: number): HealthStanding | undefined {
  if (record.parkedSince === undefined) return undefined
  return standingsOf(record, now).find(({ since }) => since !== undefined)
}

function standingOf(digest: string, { circuit, by, cause, usedAt }: Entry, now: number) {
  const remedy = cause && remedyOf(cause)
  return {
    digest: digest.slice(0, DIGITS),
    ...stateOf(circuit, now),
    ...(by !== undefined && { foundBy: by }),
    ...cause,
    ...(remedy !== undefined && { remedy }),
    usedAt: new Date(usedAt),
  }
}

function stateOf(
  circuit: Entry['circuit'],
  now: number,
): Pick<HealthStanding, 'state' | 'blames' | 'since' | 'nextProbeAt'> {
  const isAsked = 'probe' in circuit && circuit.probe !== undefined && circuit.probe.until > now
  switch (circuit.state) {
    case 'closed':
      return { state: 'works' }
    case 'unknown':
      return { state: isAsked ? 'asked' : 'unknown' }
    case 'half-open': {
      const { blames, since } = circuit
      const next = isAsked ? {} : { nextProbeAt: new Date(circuit.probe?.until ?? now) }
      return { state: isAsked ? 'asked' : 'parked', blames, since: new Date(since), ...next }
    }
    case 'open': {
      const { blames, since, until } = circuit
      const next = until === NEVER ? {} : { nextProbeAt: new Date(until) }
      return { state: 'parked', blames, since: new Date(since), ...next }
    }
  }
}
