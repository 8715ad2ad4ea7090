import type { ManagerGroup } from '../connections/manager-group.ts'
import type { Health } from '../fleet/health.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import { mayCarry } from './author.ts'
import { decideFailover, type Failover } from './failover.ts'
import type { Flow } from './flow.ts'
import { standingOf, type Standing } from './standing.ts'
import type { WeightedTurns } from './weighted-turns.ts'

export interface RouteContext {
  readonly health: Pick<Health, 'circuit'>
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** The ways of a group that are used now. */
export function usedOf(
  group: ManagerGroup,
  flows: readonly Flow[],
  context: RouteContext,
): Failover<Flow> {
  return decide(group, flows, context, isRestricted)
}

/** The ways that a message may take, whether they can be used or not; all, when none may carry it. */
export function carriersOf(flows: readonly Flow[], job: SendMailJob): readonly Flow[] {
  const some = flows.filter(({ way }) => mayCarry(way.gate.resolved.manager, job))
  return some.length === 0 ? flows : some
}

/** The one of `carriers` that a message takes now; undefined when it has to wait. */
export function chooseFlow(
  group: ManagerGroup,
  carriers: readonly Flow[],
  turns: WeightedTurns,
  context: RouteContext,
): Flow | undefined {
  const { used, lead } = decide(group, carriers, context, () => false)
  if (group.strategy === 'failover') return lead
  // Whoever is too slow for his turns is passed over: what he cannot carry the others do.
  const able = used.filter(({ capacity }) => capacity.sessions > 0 && !capacity.isBehind)
  const candidates = (able.length > 0 ? able : used).map((flow) => ({
    ...memberOf(group, flow),
    flow,
  }))
  return turns.next(candidates)?.flow
}

/** How the manager of a way stands. */
export function standingOfFlow(
  { way, pause, parking }: Flow,
  { health }: Pick<RouteContext, 'health'>,
): Standing {
  const circuit = health.circuit(way.gate.key)
  return standingOf({ circuit, pausedSince: pause.since, isParked: parking.isParked })
}

/** Whether mail can be tried through the manager of a way now. */
export function isUsable(flow: Flow, context: Pick<RouteContext, 'health'>): boolean {
  return standingOfFlow(flow, context).kind === 'usable'
}

function decide(
  group: ManagerGroup,
  flows: readonly Flow[],
  context: RouteContext,
  restricts: (flow: Flow) => boolean,
): Failover<Flow> {
  const candidates = flows.map((member) => ({
    member,
    standing: standingOfFlow(member, context),
    isRestricted: restricts(member),
  }))
  if (group.strategy === 'failover') {
    return decideFailover(candidates, group.afterMs, context.now())
  }
  const used = candidates.flatMap(({ member, standing }) =>
    standing.kind === 'usable' ? [member] : [],
  )
  return { used, spare: [], lead: undefined, nextAt: undefined }
}

function isRestricted({ way }: Flow): boolean {
  return way.gate.resolved.manager.fromDomains !== undefined
}

function memberOf({ members }: ManagerGroup, { manager }: Flow): ManagerGroup['members'][number] {
  return members.find(({ name }) => name === manager) ?? { name: manager, weight: 1 }
}
