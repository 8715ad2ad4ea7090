import {
  DEFAULT_CIRCUIT_POLICY,
  UNKNOWN,
  afterFinding,
  afterMending,
  type Circuit,
  type CircuitPolicy,
  type Finding,
} from './circuit.ts'

/** A connection manager as it was resolved: a changed credential is another manager. */
export interface ManagerKey {
  readonly name: string
  readonly digest: string
}

/**
 * Whether a session may be opened or used now.
 *
 * `probe`: you alone may try; `report` what came of it, also when you gave up.
 */
export type Admission =
  | { readonly kind: 'go' }
  | { readonly kind: 'probe' }
  | { readonly kind: 'wait'; readonly forMs: number | undefined }

/** What all users of a manager know of it together. */
export interface Health {
  circuit(manager: ManagerKey): Circuit
  admit(manager: ManagerKey): Admission
  report(manager: ManagerKey, finding: Finding): Circuit
  /** Somebody says that it can be used again: the next session may ask at once. */
  askAgain(manager: ManagerKey): void
  /** Hears every change of state; call the answer to stop. */
  onChange(listener: (manager: ManagerKey, circuit: Circuit) => void): () => void
}

export interface LocalHealthOptions {
  readonly policy?: Partial<CircuitPolicy>
  readonly now?: () => number
  readonly random?: () => number
}

/** Health that is shared by everything in this process that holds the object. */
export function createLocalHealth(options: LocalHealthOptions = {}): Health {
  const { now = Date.now, random = Math.random } = options
  const policy = { ...DEFAULT_CIRCUIT_POLICY, ...options.policy }
  const circuits = new Map<string, Circuit>()
  const listeners = new Set<(manager: ManagerKey, circuit: Circuit) => void>()

  const circuitOf = (manager: ManagerKey): Circuit => circuits.get(idOf(manager)) ?? UNKNOWN
  const become = (manager: ManagerKey, circuit: Circuit): Circuit => {
    const before = circuitOf(manager)
    if (before === circuit) return circuit
    circuits.set(idOf(manager), circuit)
    if (before.state !== circuit.state) for (const listener of listeners) listener(manager, circuit)
    return circuit
  }

  return {
    circuit: circuitOf,
    admit: (manager) => {
      const { admission, circuit } = admit(circuitOf(manager), now())
      become(manager, circuit)
      return admission
    },
    report: (manager, finding) =>
      become(manager, afterFinding(circuitOf(manager), finding, policy, now(), random)),
    askAgain: (manager) => void become(manager, afterMending(circuitOf(manager), now())),
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function idOf(manager: ManagerKey): string {
  return `${manager.digest}\n${manager.name}`
}

function admit(circuit: Circuit, now: number): { admission: Admission; circuit: Circuit } {
  switch (circuit.state) {
    case 'closed':
      return { admission: { kind: 'go' }, circuit }
    case 'unknown':
      if (circuit.probing) return { admission: { kind: 'wait', forMs: undefined }, circuit }
      return { admission: { kind: 'probe' }, circuit: { ...circuit, probing: true } }
    case 'half-open':
      return { admission: { kind: 'wait', forMs: undefined }, circuit }
    case 'open': {
      if (circuit.until > now)
        return { admission: { kind: 'wait', forMs: circuit.until - now }, circuit }
      const { blames, since, failures } = circuit
      return {
        admission: { kind: 'probe' },
        circuit: { state: 'half-open', blames, since, failures },
      }
    }
  }
}
