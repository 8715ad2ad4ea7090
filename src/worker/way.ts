import type { ResolvedManager } from '../connections/secrets.ts'
import type { AttemptContext } from './attempt.ts'
import { openGate, type Entered, type Gate } from './gate.ts'
import type { LaneContext } from './lane.ts'
import { changeOf } from './manager-change.ts'
import type { Parking } from './parking.ts'
import type { Pause } from './pause.ts'

/** What keeps mail from being tried. */
export interface Stops {
  readonly parking: Parking
  readonly pause: Pause
}

/** What attempts need of the way as it is at one moment. */
export interface Leg {
  readonly resolved: ResolvedManager
  readonly gate: Gate
  readonly context: AttemptContext & Pick<LaneContext, 'health'>
}

/** The way to a name's manager as it is resolved now, and what attempts through it need. */
export interface Way {
  readonly gate: Gate
  readonly context: Leg['context']
  /** Enters through the gate as it is now; who waited at a gate that was replaced goes to the next. */
  enter(signal: AbortSignal): Promise<Entry>
  /** Resolves the manager anew, and uses it when it has changed. */
  renew(): Promise<void>
  /**
   * Leads new deliveries to `fresh`. A changed server or credential is another manager, whose health
   * nobody knows; sessions of the old one finish what they have begun.
   */
  use(fresh: ResolvedManager): void
  /** Ends logins that are under way: nothing was handed over in them. */
  stopLogins(): void
  /** Closes all sessions, those that are busy after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>
}

/** How somebody came in, and the gate and context that go with it. */
export interface Entry extends Omit<Leg, 'resolved'> {
  readonly entered: Entered
}

/** Makes the way for `resolved`; `ended` aborts when its owner waits no longer. */
export function createWay(
  connection: string,
  resolved: ResolvedManager,
  context: LaneContext,
  stops: () => Stops,
  ended: AbortSignal,
  onChange: () => void,
): Way {
  const retired = new Set<Gate>()
  const open = (manager: ResolvedManager): Gate =>
    openGate(connection, manager, context, isOutdated)
  const lead = (manager: ResolvedManager, gate: Gate): Leg =>
    legOf({ ...context, connection, ended }, manager, gate, stops)
  let current = lead(resolved, open(resolved))
  /** How often somebody said what holds. */
  let given = 0
  let isClosed = false

  /** A refused login counts for nothing when the credential has been replaced meanwhile. */
  async function isOutdated(gate: Gate): Promise<boolean> {
    await renew()
    return gate !== current.gate
  }

  async function renew(): Promise<void> {
    const before = current
    const givenBefore = given
    const fresh = await context.resolve(before.resolved.manager.name).catch(() => before.resolved)
    // Whoever changed the way in the meantime, or said that it is right, knows more.
    if (current === before && given === givenBefore) follow(fresh)
  }

  function follow(fresh: ResolvedManager): void {
    const change = changeOf(current.resolved, fresh)
    if (change === 'none' || isClosed || ended.aborted) return
    if (change === 'sessions') void retire(current.gate, retired)
    current = lead(fresh, change === 'messages' ? current.gate : open(fresh))
    onChange()
  }

  return {
    get gate() {
      return current.gate
    },
    get context() {
      return current.context
    },
    enter: async (signal) => {
      for (;;) {
        const leg = current
        const entered = await leg.gate.enter(signal)
        const isReplaced = leg.gate !== current.gate && entered.kind !== 'session'
        if (!isReplaced || signal.aborted || ended.aborted) return { ...leg, entered }
      }
    },
    renew,
    use: (fresh) => {
      given += 1
      follow(fresh)
    },
    stopLogins: () => current.gate.stopLogins(),
    close: async (deadlineMs) => {
      isClosed = true
      await Promise.all([current.gate, ...retired].map((gate) => gate.close(deadlineMs)))
    },
  }
}

/** Lets what has begun end, for as long as a delivery may take. */
async function retire(gate: Gate, retired: Set<Gate>): Promise<void> {
  const { dot, total } = gate.resolved.manager.timeouts
  retired.add(gate)
  await gate.close(total + dot)
  retired.delete(gate)
}

function legOf(
  context: LaneContext & Pick<AttemptContext, 'connection' | 'ended'>,
  resolved: ResolvedManager,
  gate: Gate,
  stops: () => Stops,
): Leg {
  return {
    resolved,
    gate,
    context: {
      ...context,
      manager: resolved.manager,
      digest: resolved.digest,
      parkedMsSince: (since, besides) => stops().parking.msSince(since, besides),
      learn: (finding, why) => gate.learn(finding, why),
      isParked: () => stops().parking.isParked || stops().pause.isOn,
    },
  }
}
