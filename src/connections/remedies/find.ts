import type { Fault } from '../../smtp/fault.ts'
import { isTransactionStage, STAGES } from '../../smtp/stage.ts'
import type { ConnectionManager } from '../connection-manager.ts'
import { ENVELOPE_REMEDIES } from './envelope.ts'
import { LOGIN_REMEDIES } from './login.ts'
import { NETWORK_REMEDIES } from './network.ts'
import { OAUTH2_REMEDIES } from './oauth2.ts'
import { OWN_CERTIFICATE_REMEDIES } from './own-certificate.ts'
import type { Remedy, Symptom } from './remedy.ts'
import { AUTH_REPLY_REMEDIES, SESSION_REPLY_REMEDIES } from './replies.ts'
import { TLS_REMEDIES } from './tls.ts'

/** What is known of the manager whose session failed. */
export type Patient = Pick<ConnectionManager, 'port' | 'tls'> & {
  readonly auth: Pick<ConnectionManager['auth'], 'method'>
}

/** All of them, in the order in which they are looked at: the first that fits counts. */
export const REMEDIES: readonly Remedy[] = [
  ...OAUTH2_REMEDIES,
  ...LOGIN_REMEDIES,
  ...AUTH_REPLY_REMEDIES,
  ...SESSION_REPLY_REMEDIES,
  ...OWN_CERTIFICATE_REMEDIES,
  ...ENVELOPE_REMEDIES,
  ...NETWORK_REMEDIES,
  ...TLS_REMEDIES,
]

/**
 * What is wrong and what to do; undefined when nobody has seen such a fault, or we ended it.
 *
 * Without a manager only what holds for any is told.
 */
export function remedyFor(fault: Fault, manager?: Patient): Remedy | undefined {
  return REMEDIES.find(({ when, or = [] }) =>
    [when, ...or].some((symptom) => isMetBy(symptom, fault, manager)),
  )
}

/** What a server said, as it is kept of a message. */
interface Said {
  readonly stage?: string
  readonly code?: number
  readonly status?: string
  readonly text?: string
}

/** What is wrong and what to do when a server would not have a message, whoever sent it. */
export function remedyForMail({ stage, code = 0, status, text = '' }: Said): Remedy | undefined {
  // Every message that is delivered passes here.
  if (code < 400) return undefined
  const at = STAGES.find((known) => known === stage)
  if (at === undefined || !isTransactionStage(at)) return undefined
  const reply = { code, text, ...(status !== undefined && { status }) }
  return remedyFor({ kind: 'reply', stage: at, reply })
}

/** What to do about the problem of this name, as one paragraph; undefined for one that is not known here. */
export function adviceAbout(problem: string): string | undefined {
  const remedy = REMEDIES.find(({ id }) => id === problem)
  return remedy && adviceOf(remedy)
}

/** The problem and what to do, as one paragraph. */
export function adviceOf({ problem, advice }: Remedy): string {
  return `${problem.charAt(0).toUpperCase()}${problem.slice(1)}. ${advice}`
}

function isMetBy(when: Symptom, fault: Fault, manager: Patient | undefined): boolean {
  const reply = fault.kind === 'reply' ? fault.reply : undefined
  const cause = fault.kind === 'reply' ? undefined : fault.cause
  return (
    isOf(when.kinds, fault.kind) &&
    isOf(when.stages, fault.stage) &&
    isOf(when.causes, cause) &&
    isLike(when.causeLike, cause) &&
    isOf(when.codes, reply?.code) &&
    isOf(when.classes, reply && Math.floor(reply.code / 100)) &&
    isOf(when.statuses, reply?.status) &&
    isLike(when.text, reply?.text) &&
    isOf(when.ports, manager?.port) &&
    isOf(when.tls, manager?.tls) &&
    isOf(when.methods, manager?.auth.method)
  )
}

function isOf<Value>(wanted: readonly Value[] | undefined, value: Value | undefined): boolean {
  return wanted === undefined || (value !== undefined && wanted.includes(value))
}

function isLike(wanted: RegExp | undefined, text: string | undefined): boolean {
  return wanted === undefined || (text !== undefined && wanted.test(text))
}
