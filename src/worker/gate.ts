import type { PoolEvent } from '../connections/pool-event.ts'
import type { Acquired } from '../connections/acquired.ts'
import { openPool, type Pool } from '../connections/pool.ts'
import { adviceOf, remedyFor } from '../connections/remedies/find.ts'
import type { ResolvedManager } from '../connections/secrets.ts'
import type { Session } from '../connections/session.ts'
import type { Finding } from '../fleet/circuit.ts'
import type { ManagerKey } from '../fleet/health.ts'
import type { Cause } from '../fleet/manager-health.ts'
import type { Judgement } from '../ledger/ledger.ts'
import type { Fault } from '../smtp/fault.ts'
import { judge, type Verdict } from '../smtp/verdict.ts'
import type { LaneContext } from './lane.ts'
import { judgedOf, reasonOf } from './judged.ts'
import { judgingOf } from './judging.ts'
import { findingOfLogin, judgementOfFault } from './outcome.ts'

/** A session, if the manager's health allows one; `crowded` when others work but no more can be opened. */
export type Entered =
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'shut' }
  /** We ended the login ourselves, or there was no place for one. */
  | { readonly kind: 'given-up' }
  | { readonly kind: 'crowded'; readonly open: number }

/** The way to one manager: its pool, and its health to ask and to tell. */
export interface Gate {
  readonly resolved: ResolvedManager
  readonly key: ManagerKey
  enter(signal: AbortSignal): Promise<Entered>
  leave(session: Session): void
  /** Has a session for a message more, behind the final dot of its message; false when it may not be. */
  follow(session: Session): boolean
  /** Whether messages gain by following each other. */
  isFar(): boolean
  /** Tells the health what a message's attempt showed. */
  learn(finding: Finding, why: Judgement): void
  /**
   * Logs in without a message, when the health allows it and it `isWanted` still, to find out whether mail
   * can flow again.
   */
  probe(signal: AbortSignal, isWanted: () => boolean): Promise<void>
  /** Ends logins that are under way: nothing was handed over in them. */
  stopLogins(): void
  close(deadlineMs: number): Promise<void>
}

type GateContext = Pick<LaneContext, 'health' | 'emit' | 'seats' | 'rules' | 'tokens' | 'kerberos'>

/**
 * Opens the way to a manager; no session is opened before the first message or probe. Its sessions
 * and those of the manager as it was before keep within the limit together.
 *
 * When a login is refused, `isOutdated` is asked whether another credential holds by now: then
 * nothing is learnt from it, so that a password that is changed while mail flows parks nothing.
 */
export function openGate(
  connection: string,
  resolved: ResolvedManager,
  { health, emit, seats, rules, tokens, kerberos }: GateContext,
  isOutdated: (gate: Gate) => Promise<boolean>,
): Gate {
  const key: ManagerKey = { name: resolved.manager.name, digest: resolved.digest }
  const onEvent = (event: PoolEvent): void => emit({ ...event, connection })
  const pool = openPool(resolved, { seats: seats(resolved.manager), onEvent, tokens, kerberos })
  const unfollow = health.follow(key)

  const enter = async (signal: AbortSignal): Promise<Entered> => {
    const admission = await health.admit(key)
    if (admission.kind === 'wait') return { kind: 'shut' }
    if (admission.kind === 'probe') return enterAsking(admission.probe, signal, () => true)
    const acquired = await pool.acquire(signal)
    return acquired.kind === 'session' ? acquired : shutBy(acquired)
  }

  const enterAsking = async (probe: string, signal: AbortSignal, isWanted: () => boolean) => {
    const fresh = isWanted() ? await logInAnew(pool, signal) : undefined
    if (fresh?.kind === 'fault') return shutBy(fresh, probe)
    health.report(key, { kind: fresh ? 'let-in' : 'gave-up' }, { probe })
    return fresh ?? { kind: 'given-up' }
  }

  const shutBy = async (refused: Refused, probe?: string): Promise<Entered> => {
    const { fault } = refused
    const verdict = judge(fault, judgingOf(resolved.manager, rules()))
    const finding = findingOfLogin(verdict)
    if (fault.kind === 'aborted' || (finding.kind === 'auth' && (await isOutdated(gate)))) {
      if (probe !== undefined) health.report(key, { kind: 'gave-up' }, { probe })
      return { kind: 'given-up' }
    }
    const isFault = finding.kind === 'fault' && probe === undefined
    if (isFault && pool.stats.open > 0) return { kind: 'crowded', open: pool.stats.open }
    const cause = causeOfRefusal(refused, verdict, resolved)
    health.report(key, finding, probe === undefined ? { cause } : { probe, cause })
    return { kind: 'shut' }
  }

  const gate: Gate = {
    resolved,
    key,
    enter,
    leave: (session) => pool.release(session),
    follow: (session) => pool.follow(session),
    isFar: () => pool.reach.isWorthIt,
    learn: (finding, why) =>
      health.report(key, finding, finding.kind === 'works' ? {} : { cause: causeOf(why) }),
    probe: async (signal, isWanted) => {
      const admission = await health.admit(key)
      // When somebody else has found out meanwhile, a login more would tell nothing.
      if (admission.kind !== 'probe') return
      const entered = await enterAsking(admission.probe, signal, isWanted)
      if (entered.kind === 'session') pool.release(entered.session)
    },
    stopLogins: () => pool.stopLogins(),
    close: (deadlineMs) => {
      unfollow()
      return pool.close(deadlineMs)
    },
  }
  return gate
}

type Refused = Extract<Acquired, { readonly kind: 'fault' }>

/** How much of a login's conversation the fleet is told: how it began, and how it ended. */
const FIRST_LINES = 4
const LAST_LINES = 12
const MAX_LINE_LENGTH = 200

function shortened(conversation: readonly string[]): readonly string[] {
  const lines = conversation.map((line) => line.slice(0, MAX_LINE_LENGTH))
  const left = lines.length - FIRST_LINES - LAST_LINES
  if (left <= 1) return lines
  return [...lines.slice(0, FIRST_LINES), `* ${left} lines more`, ...lines.slice(-LAST_LINES)]
}

/** What the fleet is told of a login that failed. */
function causeOfRefusal(
  { fault, conversation }: Refused,
  verdict: Verdict,
  resolved: ResolvedManager,
): Cause {
  const why = judgementOfFault(fault, verdict)
  return { ...causeOf(why, conversation), ...remedyOf(fault, resolved) }
}

/** What the fleet is told of what to do. */
function remedyOf(fault: Fault, { manager }: ResolvedManager): Pick<Cause, 'problem' | 'remedy'> {
  const remedy = remedyFor(fault, manager)
  return remedy === undefined ? {} : { problem: remedy.id, remedy: adviceOf(remedy) }
}

/** What the fleet is told of a judgement. */
function causeOf(judgement: Judgement, conversation?: readonly string[]): Cause {
  const reason = reasonOf('cannot be used:', judgement)
  const said = conversation && { conversation: shortened(conversation) }
  return { ...judgedOf(judgement), reason, ...said }
}

/**
 * A session that was just opened; undefined when all places are taken by busy ones.
 *
 * Only a login shows whether the server lets us in: a session from before shows nothing.
 */
async function logInAnew(pool: Pool, signal: AbortSignal): Promise<Acquired | undefined> {
  await pool.closeIdle()
  const acquired = await pool.acquire(signal)
  if (acquired.kind === 'fault' || acquired.session.messages === 0) return acquired
  pool.release(acquired.session)
  return undefined
}
