/**
 * What is known of a connection manager: a state is data, a transition is a function. Points in time
 * are milliseconds of the store's clock.
 *
 * - `unknown`: nobody has logged in yet; one session tries while the others wait.
 * - `closed`: mail flows. `suspects` are the messages on which sessions broke, in a row.
 * - `open`: nothing is tried before `until`. `at` is when it was opened last, `since` when first.
 * - `half-open`: one session tries while the others wait.
 */
export type Circuit =
  | {
      readonly state: 'unknown'
      readonly failures: number
      readonly probe?: Probe
    }
  | { readonly state: 'closed'; readonly suspects: readonly string[] }
  | {
      readonly state: 'open'
      readonly blames: Blame
      readonly since: number
      readonly at: number
      readonly until: number
      readonly failures: number
    }
  | {
      readonly state: 'half-open'
      readonly blames: Blame
      readonly since: number
      readonly failures: number
      readonly probe?: Probe
    }

/** One session of the fleet that may ask; `by` is different for each. It ends with its prober. */
export interface Probe {
  readonly by: string
  readonly until: number
}

/** What keeps a circuit open: the server or the way to it, its account, or its wish to slow down. */
export type Blame = 'manager' | 'account' | 'throttle'

/**
 * What one use of a manager showed.
 *
 * `let-in` is a login that worked: it closes the circuit. `works` is a transaction on a session that
 * was open already: it clears suspects, and says nothing of logins or of a wish to slow down.
 * `suspect` blames the manager only together with another message.
 */
export type Finding =
  | { readonly kind: 'let-in' }
  | { readonly kind: 'works' }
  | { readonly kind: 'fault' }
  | { readonly kind: 'auth' }
  | { readonly kind: 'throttle'; readonly minDelayMs: number }
  | { readonly kind: 'suspect'; readonly message: string }
  | { readonly kind: 'gave-up' }

/** How long a circuit stays open. Spans are milliseconds. */
export interface CircuitPolicy {
  /** After the first fault; doubles with every further one. 1,000 by default. */
  readonly firstDelayMs: number
  /** The longest wait between two probes after faults; 60,000 by default. */
  readonly maxDelayMs: number
  /**
   * Between two logins with a credential that was refused; 300,000 by default: accounts get locked.
   * `Infinity`: only another credential or an operator ends it.
   */
  readonly authDelayMs: number
  /** After a throttle reply that names no span, before mail flows at a lower rate; 15,000 by default. */
  readonly throttleDelayMs: number
  /** How many different messages in a row must break before the manager is to blame; 2 by default. */
  readonly suspectsToOpen: number
}

export const DEFAULT_CIRCUIT_POLICY: CircuitPolicy = {
  firstDelayMs: 1_000,
  maxDelayMs: 60_000,
  authDelayMs: 300_000,
  throttleDelayMs: 15_000,
  suspectsToOpen: 2,
}

export const UNKNOWN: Circuit = { state: 'unknown', failures: 0 }

/** The last moment that there is: what waits for it waits for a change or a person. */
export const NEVER = 8.64e15

const CLOSED: Circuit = { state: 'closed', suspects: [] }

/** The circuit after a finding. `random` is in 0..1 and spreads the probes of a fleet. */
export function afterFinding(
  circuit: Circuit,
  finding: Finding,
  policy: CircuitPolicy,
  now: number,
  random: () => number,
): Circuit {
  switch (finding.kind) {
    case 'let-in':
      return CLOSED
    case 'works':
      return circuit.state === 'closed' && circuit.suspects.length > 0 ? CLOSED : circuit
    case 'gave-up':
      return afterGivingUp(circuit, now)
    case 'suspect':
      return afterSuspicion(circuit, finding.message, policy, now, random)
    case 'fault':
      return opened(circuit, 'manager', faultDelayMs(circuit, policy, random), now)
    case 'auth':
      return opened(circuit, 'account', policy.authDelayMs * (1 + random() * 0.2), now)
    case 'throttle': {
      const delayMs = Math.max(finding.minDelayMs, policy.throttleDelayMs)
      return opened(circuit, 'throttle', delayMs * (1 + random() * 0.2), now)
    }
  }
}

/**
 * The circuit after somebody said, at `mendedAt`, that what kept it open was mended: the next one may
 * ask at once. What has been asked since then stays as it is.
 */
export function afterMending(circuit: Circuit, mendedAt: number): Circuit {
  if (circuit.state !== 'open' || circuit.at > mendedAt) return circuit
  return circuit.until <= circuit.at ? circuit : { ...circuit, until: circuit.at }
}

function opened(circuit: Circuit, blames: Blame, delayMs: number, now: number): Circuit {
  if (circuit.state === 'open' && circuit.blames === blames) return circuit
  const since = circuit.state === 'half-open' || circuit.state === 'open' ? circuit.since : now
  const failures = failuresOf(circuit) + 1
  const until = Math.min(Math.round(now + delayMs), NEVER)
  // The longer wait holds: a lost connection must not shorten the pause after a refused password.
  if (circuit.state === 'open' && circuit.until > until) return circuit
  return { state: 'open', blames, since, at: now, until, failures }
}

function faultDelayMs(circuit: Circuit, policy: CircuitPolicy, random: () => number): number {
  const doubled = policy.firstDelayMs * 2 ** Math.min(failuresOf(circuit), 30)
  return Math.min(doubled, policy.maxDelayMs) * (0.75 + random() * 0.5)
}

function failuresOf(circuit: Circuit): number {
  return circuit.state === 'closed' ? 0 : circuit.failures
}

/** A poisonous message breaks alone; only different messages in a row blame the manager. */
function afterSuspicion(
  circuit: Circuit,
  message: string,
  policy: CircuitPolicy,
  now: number,
  random: () => number,
): Circuit {
  if (circuit.state !== 'closed') return circuit
  if (circuit.suspects.includes(message)) return circuit
  const suspects = [...circuit.suspects, message]
  if (suspects.length < policy.suspectsToOpen) return { state: 'closed', suspects }
  return opened(circuit, 'manager', faultDelayMs(circuit, policy, random), now)
}

/** A probe that was called off leaves the question open for the next one, at once. */
function afterGivingUp(circuit: Circuit, now: number): Circuit {
  if (circuit.state === 'unknown') return { state: 'unknown', failures: circuit.failures }
  if (circuit.state !== 'half-open') return circuit
  const { blames, since, failures } = circuit
  return { state: 'open', blames, since, at: now, until: now, failures }
}
