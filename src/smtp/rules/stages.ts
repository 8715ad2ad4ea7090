import type { FaultKind } from '../fault.ts'
import type { Stage } from '../stage.ts'
import type { Scope } from '../verdict-shape.ts'
import type { Outcome } from './rule.ts'

/** What a stage decides by itself; a reply that it leaves open goes on to the tables of codes. */
export interface StageRule {
  /** Whom a verdict is about when its rule does not say. */
  readonly scope: Scope
  /** No reply: timeout, close, network or TLS error, or bytes that are no reply. */
  readonly silent: Outcome
  readonly soft?: Outcome
  readonly hard?: Outcome
}

const CONNECTION: Outcome = { class: 'connection', scope: 'manager' }
const OK: Outcome = { class: 'ok' }

/** RFC 5321 §4.5.4.2 and §6.1: a second copy sooner than this is the likelier outcome. */
const AFTER_UNCERTAIN_MS = 600_000

/** No mail service here, or none for us: whatever a server says before AUTH is about itself. */
const SESSION: StageRule = {
  scope: 'manager',
  silent: CONNECTION,
  soft: CONNECTION,
  hard: CONNECTION,
}

/** The stages in the order in which they happen; Postfix's `smtp_trouble.c` thinks the same way. */
export const STAGE_RULES: Readonly<Record<Stage, StageRule>> = {
  connect: SESSION,
  tls: SESSION,
  greeting: SESSION,
  ehlo: SESSION,
  starttls: SESSION,
  auth: {
    scope: 'account',
    silent: CONNECTION,
    // Too many logins, or a directory that is down: the credential may well be right.
    soft: { class: 'auth', manager: 'fault' },
    hard: { class: 'auth', alert: true },
  },
  mail: { scope: 'sender', silent: CONNECTION },
  rcpt: { scope: 'recipient', silent: CONNECTION },
  data: { scope: 'message', silent: CONNECTION },
  // The final dot has not left: the server must not deliver what it has got.
  body: { scope: 'message', silent: { class: 'connection', scope: 'message' } },
  dot: { scope: 'message', silent: { class: 'uncertain', minDelayMs: AFTER_UNCERTAIN_MS } },
  // The message is the server's; what happens to RSET and QUIT changes nothing.
  after: { scope: 'message', silent: OK, soft: OK, hard: OK },
}

/** Faults that say more than silence does, as long as the final dot has not left. */
export const FAULT_RULES: Readonly<Partial<Record<FaultKind, Outcome>>> = {
  tls: { class: 'connection', scope: 'manager', alert: true },
  auth: { class: 'auth', scope: 'account', alert: true },
  // The message is what this server cannot carry; others flow.
  unsupported: { class: 'permanent', scope: 'message', message: 'refuse', manager: 'fine' },
  aborted: { class: 'retry', scope: 'message', message: 'return', manager: 'fine' },
}
