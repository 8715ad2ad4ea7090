import type { Stage } from '../smtp/stage.ts'
import type { Verdict } from '../smtp/verdict-shape.ts'
import type { Validity } from './certificates.ts'
import type { Extensions } from './extensions.ts'
import type { CertificateFacts, SessionSecurity } from './session-security.ts'

/** A step of a verification: a secret's look-up, a stage of the session, or its end. */
export interface VerificationStep {
  readonly step: Stage | 'secrets' | 'quit'
  /** Which of several recipients it asks about; the first is 1. */
  readonly recipient?: number
  readonly ok: boolean
  /** How long it took, in milliseconds. */
  readonly ms: number
  /** Why it failed. */
  readonly detail?: string
}

/** How far a connection manager can be used right now. */
export interface Verification {
  readonly connection: string
  readonly ok: boolean
  /** All steps up to the one that failed, in their order. */
  readonly steps: readonly VerificationStep[]
  /** The address that the name was looked up as, and was connected to if it could be. */
  readonly address?: string
  /** What the server offered last, before the login. */
  readonly extensions?: Extensions
  /** How the session was protected; absent when there was none in the end. */
  readonly security?: SessionSecurity
  /** What the server showed, where no session came of it: `security` has it otherwise. */
  readonly certificate?: CertificateFacts
  /** How long the certificate lasts that we show to the server; absent when we show none. */
  readonly clientCertificate?: Validity
  /** How we logged in, or tried to; absent when nothing was said of a login. */
  readonly login?: VerifiedLogin
  /** What is wrong: the name of a common fault, for programs. */
  readonly problem?: string
  /** What is wrong and what to do, for people. */
  readonly advice?: string
  /** What the fault means for the message, and for the connection manager; of an envelope only. */
  readonly verdict?: Verdict
  /** Who said what in a login or an envelope that failed; without secrets and addresses. */
  readonly conversation?: readonly string[]
  /** How long all of it took, in milliseconds. */
  readonly ms: number
}

/** By which mechanism, and as whom unless that is a secret, or the account of this process. */
export interface VerifiedLogin {
  readonly mechanism: string
  readonly user?: string
}
