import type { ManagerGroup } from '../connections/manager-group.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import type { AttemptContext } from './attempt.ts'
import type { Flow } from './flow.ts'
import type { Intake } from './intake.ts'
import type { LaneContext } from './lane.ts'
import { carriersOf, usedOf } from './route.ts'
import { createShutSpans, type ShutSpans } from './shut-spans.ts'
import { createWhereabouts, type Whereabouts } from './whereabouts.ts'

/** What becomes of the ways of a name. */
export interface JunctionState {
  readonly name: string
  readonly context: LaneContext
  readonly intake: Intake
  readonly shut: ShutSpans
  readonly whereabouts: Whereabouts
  /** Through whom messages go because those before lack what they need; nothing was handed over. */
  readonly able: Whereabouts
  /** How many deliveries may run through each. */
  readonly wanted: Map<Flow, number>
  /** Those that finish what they have begun. */
  readonly retired: Set<Flow>
  group: ManagerGroup
  flows: readonly Flow[]
  /** The manager through which a failover group's mail went last. */
  lead: string | undefined
  phase: 'before' | 'open' | 'closed'
  isReviewing: boolean
  /** Whether the clock is off. */
  isHeld: boolean
  timer: NodeJS.Timeout | undefined
}

/** Makes the state of a name without ways. */
export function createJunctionState(
  name: string,
  group: ManagerGroup,
  context: LaneContext,
  intake: Intake,
): JunctionState {
  return {
    name,
    context,
    intake,
    shut: createShutSpans({ now: context.now, keepMs: context.retry.giveUpAfterMs }),
    whereabouts: createWhereabouts(context.now),
    able: createWhereabouts(context.now),
    wanted: new Map(),
    retired: new Set(),
    group,
    flows: [],
    lead: group.members[0]?.name,
    phase: 'before',
    isReviewing: false,
    isHeld: false,
    timer: undefined,
  }
}

/** Whether nothing can be tried through any of `flows` now. */
export function isShut({ group, context }: JunctionState, flows: readonly Flow[]): boolean {
  const [only] = flows
  if (flows.length === 1 && only) return only.parking.isParked || only.pause.isOn
  return usedOf(group, flows, context).used.length === 0
}

/** The way through `manager`, if there is one. */
export function findFlow(flows: readonly Flow[], manager: string | undefined): Flow | undefined {
  return manager === undefined ? undefined : flows.find((flow) => flow.manager === manager)
}

/** The ways that are left to a message since the servers of others lack what it needs; none: it is free. */
export function ableFlows({ flows, able }: JunctionState, id: string): readonly Flow[] {
  return able.allOf(id).flatMap((name) => findFlow(flows, name) ?? [])
}

/** What an attempt needs to know of all ways that its message may take, instead of `own` alone. */
export function contextFor<Own extends AttemptContext>(
  state: JunctionState,
  own: Own,
  job: SendMailJob,
): Own {
  const { flows, whereabouts } = state
  const had = whereabouts.of(job.id)
  if (had !== undefined && !findFlow(flows, had)) return { ...own, goneManager: had }
  // It ages while it could be sent, and perhaps only one may do that, or can.
  const some = ableFlows(state, job.id)
  if (had !== undefined || flows.length === 1 || some.length === 1) return own
  return { ...own, ...ofAll(state, some.length > 0 ? some : carriersOf(flows, job)) }
}

/** What holds for a message of a group: it does not age while none of its ways could be used. */
function ofAll(
  state: JunctionState,
  some: readonly Flow[],
): Pick<AttemptContext, 'isParked' | 'parkedMsSince'> {
  return {
    isParked: () => isShut(state, state.flows),
    parkedMsSince: (since, besides) =>
      state.shut.msSince(
        since,
        some.map(({ parking }) => parking.spans()),
        besides,
      ),
  }
}
