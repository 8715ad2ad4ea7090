import type { ResolvedManager } from '../connections/secrets.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import type { Consumer } from '../queue/queues.ts'
import { ableFlow, leftFlows } from './able-flows.ts'
import type { AttemptContext } from './attempt.ts'
import { createFlow, type Flow } from './flow.ts'
import { tellSwitch } from './group-events.ts'
import { createIntake } from './intake.ts'
import {
  contextFor,
  createJunctionState,
  findFlow,
  isShut,
  type JunctionState,
} from './junction-state.ts'
import type { LaneContext } from './lane.ts'
import type { RejectContext } from './reject-job.ts'
import { isOtherRoute, type ResolvedRoute } from './resolved-route.ts'
import { carriersOf, chooseFlow, isUsable, usedOf } from './route.ts'
import type { WeightedTurns } from './weighted-turns.ts'

/** Where the ways of a name meet: which of them its mail takes, and how much of it is taken. */
export interface Junction {
  /** All ways, in the order of the group. */
  readonly flows: readonly Flow[]
  /** For what is of no use to any of them. */
  readonly context: RejectContext
  /** Whether nothing can be tried through any of them now. */
  readonly isShut: boolean
  /** The way that a message takes now, of which nothing was handed over yet; undefined: it has to wait. */
  choose(job: SendMailJob): Flow | undefined
  /** Remembers that a message may have been handed over through `manager`; undefined: it is settled. */
  bind(id: string, manager: string | undefined): void
  /**
   * Remembers that the servers of `unable` lack what a message needs, and has it take another way. False
   * when there is none, or it may have been handed over already: then it takes the first of them.
   */
  passOver(job: SendMailJob, unable: readonly Flow[]): boolean
  /** What an attempt needs to know of all ways that its message may take, instead of `own` alone. */
  contextFor<Own extends AttemptContext>(own: Own, job: SendMailJob): Own
  /** Lets mail in from now on: there is somebody who takes it. */
  begin(): void
  /** Looks again who is to be used: something was found out. */
  review(): void
  /** Takes nothing while held for the clock's sake, whatever the managers' health is. */
  hold(isHeld: boolean): void
  /** Leads new deliveries as `fresh` says. False when that is the same as was given before. */
  use(fresh: ResolvedRoute): boolean
  /** Learns no more from the health of the managers, and ends logins: nothing was handed over in them. */
  quiet(): void
  /** Keeps as many sessions as deliveries that run: the others are free at once. */
  drain(): void
  /** Closes all sessions, those that are busy after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>
}

/** Makes the ways of `name` for what `consumer` takes; `ended` aborts when their owner waits no longer. */
export function createJunction(
  name: string,
  first: ResolvedRoute,
  context: LaneContext & { readonly turns: WeightedTurns },
  consumer: () => Consumer,
  ended: AbortSignal,
): Junction {
  const open = (manager: ResolvedManager): Flow => {
    const flow: Flow = createFlow(name, manager, context, ended, {
      setConcurrency: (sessions) => {
        state.wanted.set(flow, sessions)
        review(state)
      },
      isAlone: () => state.flows.length <= 1,
      review: () => review(state),
      interrupt: () => consumer().interrupt(),
    })
    return flow
  }
  const intake = createIntake(consumer, context.onStoreFault)
  const state = createJunctionState(name, first.group, context, intake)
  let given = first
  state.flows = first.managers.map(open)

  return {
    get flows() {
      return state.flows
    },
    get isShut() {
      return isShut(state, state.flows)
    },
    context: { ...context, connection: name, ended },
    choose: (job) => choose(state, job, context.turns),
    bind: (id, manager) => bind(state, id, manager),
    passOver: (job, unable) => passOver(state, job, unable),
    contextFor: (own, job) => contextFor(state, own, job),
    begin: () => {
      state.phase = 'open'
      for (const flow of state.flows) flow.begin()
      review(state)
    },
    review: () => review(state),
    hold: (isHeld) => hold(state, isHeld),
    use: (fresh) => {
      const isNews = isOtherRoute(given, fresh)
      given = fresh
      follow(state, fresh, open)
      return isNews
    },
    quiet: () => quiet(state),
    drain: () => {
      for (const flow of state.flows) {
        flow.drain()
        leave(state, flow)
      }
    },
    close: (deadlineMs) => close(state, deadlineMs),
  }
}

function choose(state: JunctionState, job: SendMailJob, turns: WeightedTurns): Flow | undefined {
  const { flows, group, whereabouts, context } = state
  const holder = whereabouts.of(job.id)
  const had = holder === undefined ? ableFlow(state, job) : findFlow(flows, holder)
  if (had) return isUsable(had, context) ? had : undefined
  if (flows.length === 1) return flows[0]
  return chooseFlow(group, carriersOf(flows, job), turns, context)
}

function hold(state: JunctionState, isHeld: boolean): void {
  state.isHeld = isHeld
  for (const { capacity } of state.flows) capacity.hold('clock', isHeld)
}

function quiet(state: JunctionState): void {
  state.phase = 'closed'
  clearTimeout(state.timer)
  for (const flow of state.flows) {
    flow.close()
    flow.way.stopLogins()
  }
}

async function close({ flows, retired }: JunctionState, deadlineMs: number): Promise<void> {
  const all = [...flows, ...retired]
  await Promise.all(all.map(({ way }) => way.close(deadlineMs)))
  for (const { capacity } of all) capacity.close()
}

/** Has those used that are to be used, and as much taken as they can carry. */
function review(state: JunctionState): void {
  if (state.isReviewing || state.phase !== 'open') return
  const { flows, group, context, intake, wanted } = state
  const { used, spare, lead, nextAt } = usedOf(group, flows, context)
  // Each of them tells what it can carry then.
  state.isReviewing = true
  if (flows.length > 1) {
    for (const flow of flows) {
      const isAwaited = [state.whereabouts, state.able].some((one) => one.isAwaited(flow.manager))
      const isSpare = spare.includes(flow) && !flow.startCheck.isPending && !isAwaited
      flow.capacity.hold('spare', isSpare)
    }
  }
  state.isReviewing = false
  clearTimeout(state.timer)
  if (nextAt !== undefined) {
    state.timer = setTimeout(() => review(state), Math.max(1, nextAt - context.now()))
  }
  lookAtLead(state, lead)
  const carrying = flows.length === 1 ? flows : used
  const isWaiting = nextAt !== undefined || flows.some(({ parking }) => parking.isParked)
  const isNoneUsed = used.length === 0 && isWaiting
  intake.turn(
    carrying.reduce((sum, flow) => sum + (wanted.get(flow) ?? 0), 0),
    isNoneUsed,
  )
  state.shut.note(isNoneUsed)
}

function bind(state: JunctionState, id: string, manager: string | undefined): void {
  const { whereabouts, able } = state
  const known = [whereabouts, able].filter((one) => one.of(id) !== undefined)
  if (manager !== undefined) whereabouts.note(id, [manager])
  else if (known.length === 0) return
  else for (const one of known) one.forget(id)
  // A spare member gets sessions for it, and then gives them back.
  review(state)
}

function passOver(state: JunctionState, job: SendMailJob, unable: readonly Flow[]): boolean {
  const { whereabouts, able } = state
  const isFree = whereabouts.of(job.id) === undefined
  const left = isFree ? leftFlows(state, job, unable) : []
  const ways = left.length > 0 ? left : unable.slice(0, 1)
  // All of them are asked whether they can be used.
  able.note(job.id, ways.map(nameOf))
  review(state)
  return left.length > 0
}

function nameOf({ manager }: Flow): string {
  return manager
}

function leave({ name, context }: JunctionState, { manager }: Flow): void {
  context.emit({ event: 'manager-left', connection: name, manager })
}

function lookAtLead(state: JunctionState, next: Flow | undefined): void {
  const { name, flows, lead, context } = state
  if (next === undefined || next.manager === lead) return
  const before = flows.find(({ manager }) => manager === lead)
  state.lead = next.manager
  if (before !== undefined) tellSwitch(name, flows, before, next, context)
}

/** Keeps the ways that are still wanted, opens new ones, and lets the others finish. */
function follow(
  state: JunctionState,
  fresh: ResolvedRoute,
  open: (manager: ResolvedManager) => Flow,
): void {
  const { flows: before, context, phase } = state
  state.isReviewing = true
  state.group = fresh.group
  state.flows = fresh.managers.map((manager) => {
    const known = before.find((flow) => flow.manager === manager.manager.name)
    known?.way.use(manager)
    return known ?? open(manager)
  })
  for (const flow of state.flows) {
    if (before.includes(flow)) continue
    flow.capacity.hold('clock', state.isHeld)
    if (phase === 'open') flow.begin()
  }
  for (const flow of before) {
    if (state.flows.includes(flow)) continue
    state.wanted.delete(flow)
    flow.close()
    leave(state, flow)
    state.retired.add(flow)
    flow
      .retire()
      .catch(context.onStoreFault)
      .finally(() => state.retired.delete(flow))
  }
  const [only, ...others] = state.flows
  // Who is alone is nobody's spare.
  if (others.length === 0) only?.capacity.hold('spare', false)
  state.isReviewing = false
  review(state)
}
