import { randomUUID } from 'node:crypto'

import { admit, isDue, prolonged, type Admission, type Asker } from './admission.ts'
import type { Circuit } from './circuit.ts'
import type { ManagerKey } from './health.ts'
import type { Transition } from './health-changes.ts'
import type { HealthPages } from './health-pages.ts'
import { circuitIn } from './manager-health.ts'

/** How this process comes to be the one in the fleet that asks a manager whether it works. */
export interface Asking {
  /** Whether asking could do more than wait, as far as this process knows. */
  mayAsk(circuit: Circuit): boolean
  /** Asks the store who may ask, and itself when that is away. Never rejects. */
  ask(manager: ManagerKey): Promise<Admission>
  /** A probe has its answer: nobody says any more that its prober lives. */
  end(probe: string): void
  /** The store has the answer of a probe, or never will have it. */
  forget(probe: string): void
  close(): void
}

interface AskingOptions {
  /** How long a probe is its prober's without a sign of life. */
  readonly probeMs: number
  readonly now: () => number
  readonly onFault: (error: unknown) => void
}

/** Makes it; each probe that is granted is prolonged in the store until it ends, or this process. */
export function createAsking(
  pages: HealthPages,
  transitionOf: (digest: string, next: (circuit: Circuit, at: number) => Circuit) => Transition,
  { probeMs, now, onFault }: AskingOptions,
): Asking {
  // Not the worker's name: an operator may give one to two of them.
  const self = randomUUID()
  const timers = new Map<string, NodeJS.Timeout>()
  let asked = 0

  /** A probe of ours that we know nothing of: the store took it when we no longer waited. */
  const isForgotten = (probe: string): boolean => probe.startsWith(self) && !timers.has(probe)
  const mayAsk = (circuit: Circuit): boolean => {
    const probe = 'probe' in circuit ? circuit.probe : undefined
    return isDue(circuit, now()) || (probe !== undefined && isForgotten(probe.by))
  }
  const begin = ({ name, digest }: ManagerKey, asker: Asker): void => {
    const goOn = transitionOf(digest, (circuit, at) => prolonged(circuit, asker, at))
    // Whoever cannot say so is taken for dead, and its answer for old: no more is lost.
    const say = (): void => void pages.change(name, goOn).catch(() => undefined)
    timers.set(asker.probe, setInterval(say, probeMs / 3).unref())
  }
  // It is known until the store has its answer: else the next one would ask in its place meanwhile.
  const end = (probe: string): void => clearInterval(timers.get(probe))
  const forget = (probe: string): void => {
    end(probe)
    timers.delete(probe)
  }
  const askNow = async (manager: ManagerKey): Promise<Admission> => {
    const { name, digest } = manager
    asked += 1
    const asker = { probe: `${self} ${asked}`, forMs: probeMs }
    const known = circuitIn(pages.of(name), digest)
    let { admission } = admit(known, asker, now(), isForgotten)
    // Somebody of this process was first.
    if (!mayAsk(known)) return admission
    const transition = transitionOf(digest, (circuit, at) => {
      const admitted = admit(circuit, asker, at, isForgotten)
      admission = admitted.admission
      return admitted.circuit
    })
    try {
      await pages.tell(name, transition)
    } catch (error) {
      onFault(error)
      pages.find(name, transition)
    }
    if (admission.kind === 'probe') begin(manager, asker)
    return admission
  }

  return {
    mayAsk,
    ask: (manager) => pages.inTurn(manager.name, () => askNow(manager)),
    end,
    forget,
    close: () => {
      for (const probe of timers.keys()) forget(probe)
    },
  }
}
