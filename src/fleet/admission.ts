import { afterFinding, type Circuit, type CircuitPolicy, type Finding } from './circuit.ts'

/**
 * Whether a session may be opened or used now.
 *
 * `probe`: you alone in the fleet may log in; report under this name what came of it, also when you
 * gave up.
 */
export type Admission =
  | { readonly kind: 'go' }
  | { readonly kind: 'probe'; readonly probe: string }
  | { readonly kind: 'wait'; readonly forMs: number }

/** An answer to somebody who asks, and the circuit as it is then. */
export interface Admitted {
  readonly admission: Admission
  readonly circuit: Circuit
}

/** Who wants to ask: under which name, and how long that holds without a sign of life. */
export interface Asker {
  readonly probe: string
  readonly forMs: number
}

/** Lets in, has wait, or makes `asker` the one who asks. A probe that `isForgotten` names is nobody's. */
export function admit(
  circuit: Circuit,
  asker: Asker,
  now: number,
  isForgotten: (probe: string) => boolean = () => false,
): Admitted {
  if (circuit.state === 'closed') return { admission: { kind: 'go' }, circuit }
  if (circuit.state === 'open') {
    if (circuit.until > now) return waiting(circuit, circuit.until - now)
    const { blames, since, failures } = circuit
    return asking({ state: 'half-open', blames, since, failures }, asker, now)
  }
  const { probe } = circuit
  if (probe === undefined || probe.until <= now || isForgotten(probe.by)) {
    return asking(circuit, asker, now)
  }
  return waiting(circuit, probe.until - now)
}

/** Whether asking could do more than wait. */
export function isDue(circuit: Circuit, now: number): boolean {
  if (circuit.state === 'open') return circuit.until <= now
  if (circuit.state === 'closed') return false
  return circuit.probe === undefined || circuit.probe.until <= now
}

/** The circuit after a prober's sign of life; unchanged for a probe that is another's by now. */
export function prolonged(circuit: Circuit, { probe, forMs }: Asker, now: number): Circuit {
  if (circuit.state !== 'unknown' && circuit.state !== 'half-open') return circuit
  return circuit.probe?.by === probe
    ? { ...circuit, probe: { by: probe, until: now + forMs } }
    : circuit
}

/**
 * The circuit after a finding of the prober `probe`, or of somebody else when that is absent.
 *
 * What a prober finds counts unless somebody else has asked since. While one asks, its answer is
 * newer than what others find; only a wish to slow down is more than any login can tell.
 */
export function afterReport(
  circuit: Circuit,
  finding: Finding,
  probe: string | undefined,
  policy: CircuitPolicy,
  now: number,
  random: () => number,
): Circuit {
  const asks = circuit.state === 'unknown' || circuit.state === 'half-open'
  const current = asks && circuit.probe && circuit.probe.until > now ? circuit.probe.by : undefined
  const isOwn = asks && (current === undefined || current === probe)
  if (probe !== undefined && !isOwn) return circuit
  if (probe === undefined && current !== undefined && finding.kind !== 'throttle') return circuit
  return afterFinding(circuit, finding, policy, now, random)
}

function waiting(circuit: Circuit, forMs: number): Admitted {
  return { admission: { kind: 'wait', forMs }, circuit }
}

function asking(
  circuit: Extract<Circuit, { state: 'unknown' | 'half-open' }>,
  { probe, forMs }: Asker,
  now: number,
): Admitted {
  const admission = { kind: 'probe', probe } as const
  return { admission, circuit: { ...circuit, probe: { by: probe, until: now + forMs } } }
}
