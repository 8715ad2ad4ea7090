import { setTimeout as delay } from 'node:timers/promises'

import type { Store } from '../store/store.ts'
import { admit, afterReport, type Admission, type Asker } from './admission.ts'
import { createAsking } from './asking.ts'
import { afterMending, DEFAULT_CIRCUIT_POLICY, type Circuit } from './circuit.ts'
import type { CircuitPolicy, Finding } from './circuit.ts'
import { openHealthChanges, type Transition } from './health-changes.ts'
import { openHealthPages } from './health-pages.ts'
import { watchHealth } from './health-watch.ts'
import { changed, circuitIn, entryIn, parkedSpans } from './manager-health.ts'
import type { Cause, Note } from './manager-health.ts'
import type { Span } from './spans.ts'

/** A connection manager as it was resolved: a changed credential is another manager. */
export interface ManagerKey {
  readonly name: string
  readonly digest: string
}

/** What goes with a finding. */
export interface ReportOptions {
  /** The probe whose answer it is. */
  readonly probe?: string
  readonly cause?: Cause
}

/**
 * What all workers of a store know of connection managers together.
 *
 * While a manager works, nothing here asks the store. When the store is away, what this process
 * knows holds, and it asks for itself.
 */
export interface Health extends AsyncDisposable {
  /** Takes part in what the fleet learns of a manager until the answer is called. */
  follow(manager: ManagerKey): () => void
  circuit(manager: ManagerKey): Circuit
  /** Never rejects. */
  admit(manager: ManagerKey): Promise<Admission>
  /** Holds in this process at once, and in the fleet as soon as the store has it. */
  report(manager: ManagerKey, finding: Finding, options?: ReportOptions): void
  /**
   * Somebody said, at a moment of the store's clock, that it can be used again: the next session may
   * ask at once, unless one has asked since.
   */
  askAgain(manager: ManagerKey, mendedAt: number): void
  /** Who found it so, and why; empty while nobody has found anything. */
  found(manager: ManagerKey): Note
  /** The spans in which nobody could send through a manager of this name. */
  parkedSpans(name: string): readonly Span[]
  /** Hears of every change of a circuit that is followed; call the answer to stop. */
  onChange(listener: (manager: ManagerKey, circuit: Circuit) => void): () => void
}

export interface HealthOptions {
  /** Names this worker to the others. */
  readonly worker: string
  readonly policy?: Partial<CircuitPolicy> | undefined
  /** How long spans of flowing mail after a parked one are until that is forgotten. */
  readonly keepMs: number
  /** The store's clock as this process knows it. */
  readonly now: () => number
  readonly random?: () => number
  /** Hears of a store that could not be asked or told. */
  readonly onFault: (error: unknown) => void
  /** How often what does not work is looked up, in case a notice was lost; 1,000 by default. */
  readonly everyMs?: number
  /** How long a session may ask without a sign of life of its worker; 15,000 by default. */
  readonly probeMs?: number
}

/** A prober prolongs its probe while it logs in; when it was killed the next one takes over. */
const PROBE_MS = 15_000
const NOBODY: Asker = { probe: '', forMs: 0 }

/** How long the end waits for what has been found to be told. */
const LAST_WORDS_MS = 2_000

/** Opens the health of a store, which stays its owner's. Rejects when it cannot be read at first. */
export async function openHealth(store: Store, options: HealthOptions): Promise<Health> {
  const { worker, keepMs, onFault, random = Math.random, probeMs = PROBE_MS } = options
  const policy = { ...DEFAULT_CIRCUIT_POLICY, ...options.policy }
  const now = (): number => Math.floor(options.now())
  const changes = openHealthChanges(store)
  const pages = await openHealthPages(changes, now)
  const watch = await watchHealth(store, changes, pages, { ...options, now })

  /** A change of one circuit, as a change of its name's record. */
  const transitionOf =
    (digest: string, next: (circuit: Circuit, at: number) => Circuit, note?: Note): Transition =>
    (before, at) =>
      changed(before, digest, next(circuitIn(before, digest), at), note, at, keepMs)
  const circuitOf = ({ name, digest }: ManagerKey): Circuit => circuitIn(pages.of(name), digest)
  const asking = createAsking(pages, transitionOf, { probeMs, now, onFault })

  return {
    follow: (manager) => pages.follow(manager),
    circuit: circuitOf,
    admit: (manager) => {
      const circuit = circuitOf(manager)
      if (asking.mayAsk(circuit)) return asking.ask(manager)
      return Promise.resolve(admit(circuit, NOBODY, now()).admission)
    },
    report: (manager, finding, { probe, cause } = {}) => {
      if (probe !== undefined) asking.end(probe)
      const before = circuitOf(manager)
      const isQuiet = before.state === 'closed' && before.suspects.length === 0
      if (probe === undefined && finding.kind === 'works' && isQuiet) return
      const next = (circuit: Circuit, at: number): Circuit =>
        afterReport(circuit, finding, probe, policy, at, random)
      const note = { by: worker, ...(cause !== undefined && { cause }) }
      const transition = transitionOf(manager.digest, next, note)
      const told = pages.change(manager.name, transition).catch(onFault)
      if (probe !== undefined) void told.then(() => asking.forget(probe))
    },
    askAgain: ({ name, digest }, mendedAt) => {
      const next = (circuit: Circuit): Circuit => afterMending(circuit, mendedAt)
      pages.change(name, transitionOf(digest, next)).catch(onFault)
    },
    found: ({ name, digest }) => entryIn(pages.of(name).entries, digest) ?? {},
    parkedSpans: (name) => parkedSpans(pages.of(name), now()),
    onChange: (listener) => pages.onChange(listener),
    [Symbol.asyncDispose]: async () => {
      asking.close()
      await watch[Symbol.asyncDispose]()
      // A store that is away must not hold up the end.
      await Promise.race([pages.settled(), delay(LAST_WORDS_MS, undefined, { ref: false })])
    },
  }
}
