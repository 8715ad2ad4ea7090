import type { ResolvedManager } from '../connections/secrets.ts'
import type { AttemptContext } from './attempt.ts'
import { openGate, type Gate } from './gate.ts'
import type { LaneContext } from './lane.ts'
import type { Parking } from './parking.ts'

/** The way to a name's manager as it is resolved now, and what attempts through it need. */
export interface Way {
  readonly gate: Gate
  readonly context: AttemptContext & Pick<LaneContext, 'health'>
  /**
   * Resolves the manager anew. A changed credential is another manager, whose health nobody knows;
   * sessions of the old one finish what they have begun.
   */
  renew(): Promise<void>
  /** Ends logins that are under way: nothing was handed over in them. */
  stopLogins(): void
  /** Closes all sessions, those that are busy after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>
}

/** Makes the way for `resolved`; `ended` aborts when its owner waits no longer. */
export function createWay(
  connection: string,
  resolved: ResolvedManager,
  context: LaneContext,
  parking: () => Parking,
  ended: AbortSignal,
): Way {
  const retired = new Set<Gate>()
  let current = lead(resolved)

  function lead(manager: ResolvedManager): Pick<Way, 'gate' | 'context'> {
    const gate = openGate(connection, manager, context.health, context.emit)
    return {
      gate,
      context: {
        ...context,
        connection,
        ended,
        manager: manager.manager,
        parkedMsSince: (since) => parking().msSince(since),
        learn: (finding, why) => gate.learn(finding, why),
        isParked: () => parking().isParked,
      },
    }
  }

  async function retire(gate: Gate): Promise<void> {
    const { dot, total } = gate.resolved.manager.timeouts
    retired.add(gate)
    await gate.close(total + dot)
    retired.delete(gate)
  }

  return {
    get gate() {
      return current.gate
    },
    get context() {
      return current.context
    },
    renew: async () => {
      const fresh = await context.resolve(connection).catch(() => current.gate.resolved)
      if (fresh.digest === current.gate.resolved.digest || ended.aborted) return
      void retire(current.gate)
      current = lead(fresh)
    },
    stopLogins: () => current.gate.stopLogins(),
    close: async (deadlineMs) => {
      await Promise.all([current.gate, ...retired].map((gate) => gate.close(deadlineMs)))
    },
  }
}
