import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import type { Fault } from '../smtp/fault.ts'
import { parseReply } from '../smtp/reply.ts'
import type { Stage } from '../smtp/stage.ts'
import { describeOutdated } from './client-certificate.ts'
import type { ClientCertificate } from './client-certificate.ts'
import type { ConnectionManager } from './connection-manager.ts'
import { codeOfTls, describeTlsFailure, isAboutOurs } from './tls-failure.ts'

type LoginError = SMTPConnection.SMTPError

/** Where a login stood when it failed. */
export interface LoginPlace {
  readonly stage: Stage
  readonly manager: ConnectionManager
  /** Whether the server's last answer to EHLO had STARTTLS in it. */
  readonly offersStartTls: boolean
  /** The one that the server was shown if it asked. */
  readonly clientCertificate?: ClientCertificate | undefined
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
])
const UNKNOWN_HOST = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENODATA', 'ESERVFAIL'])

/** Errors with which nodemailer gives a login up before the server has said anything of it. */
const UNTRIED: Readonly<Record<string, string>> = {
  EAUTH: 'no credentials',
  ENOAUTH: 'no credentials',
  EOAUTH2: 'there is no token',
  ECONFIG: 'its configuration is wrong',
}

/** What nodemailer's error at this place means; its text and properties hold no secret of ours. */
export function faultOfLogin(error: LoginError, place: LoginPlace, now = new Date()): Fault {
  const fault = faultOf(error, place)
  const wrong = place.clientCertificate && describeOutdated(place.clientCertificate, now)
  if (wrong === undefined || !maySuspectOurs(fault, place)) return fault
  // Whoever hangs up may have another reason; only an alert speaks of the handshake.
  const detail =
    fault.kind === 'closed'
      ? `${fault.detail}, which ${wrong.says}`
      : `our certificate (tlsOptions.cert) ${wrong.says}; ${fault.detail}`
  return { ...fault, detail, cause: wrong.cause }
}

function faultOf(error: LoginError, place: LoginPlace): Fault {
  const { stage, manager } = place
  if (stage === 'starttls' && error.response !== undefined && !place.offersStartTls) {
    const detail =
      'the server does not offer STARTTLS, and `tls: "starttls"` demands it: ' +
      'use its port for implicit TLS, or `tls: "none"` if it has to be'
    return { kind: 'tls', stage, detail, cause: 'STARTTLS_NOT_OFFERED' }
  }
  if (typeof error.response === 'string') return faultOfAnswer(error.response, stage)

  const cause = codeOfTls(error) ?? error.name
  const tlsFailure = describeTlsFailure(error, manager)
  if (tlsFailure !== undefined) {
    // With TLS 1.3 our handshake is done before the server has looked at our certificate.
    const at = isAboutOurs(cause) ? handshakeOf(place) : stage
    return { kind: 'tls', stage: at, detail: tlsFailure, cause }
  }
  if (error.code === 'EDNS' || UNKNOWN_HOST.has(cause)) {
    return { kind: 'dns', stage, detail: `"${manager.server}" has no address: ${cause}`, cause }
  }
  if (error.code === 'ETIMEDOUT' || cause === 'ETIMEDOUT') {
    return { kind: 'timeout', stage, detail: 'the network did not answer', cause: 'ETIMEDOUT' }
  }
  if (error.code === 'EPROTOCOL') return { kind: 'protocol', stage, detail: 'an endless reply' }
  const untried = UNTRIED[error.code ?? '']
  if (untried !== undefined && !UNREACHABLE.has(cause)) {
    return { kind: 'auth', stage: 'auth', detail: `the login could not be tried: ${untried}` }
  }
  if (stage === 'connect' || UNREACHABLE.has(cause)) {
    const at = `"${manager.server}" port ${manager.port}`
    return { kind: 'refused', stage, detail: `nobody answers at ${at}: ${cause}`, cause }
  }
  const detail = `the server closed the connection: ${cause}${perhapsOurs(place)}`
  return { kind: 'closed', stage, detail, cause }
}

/** Whether the server ended what it may have ended for our certificate. */
function maySuspectOurs(
  fault: Fault,
  place: LoginPlace,
): fault is Exclude<Fault, { readonly kind: 'reply' }> {
  if (fault.kind === 'closed') return perhapsOurs(place) !== ''
  if (fault.kind !== 'tls') return false
  const { cause = '' } = fault
  return isAboutOurs(cause) || cause.endsWith('_ALERT_HANDSHAKE_FAILURE')
}

/** A server that does not like a certificate often says nothing, and hangs up. */
function perhapsOurs({ stage, manager, offersStartTls }: LoginPlace): string {
  const isAfterHandshake =
    manager.tls === 'implicit'
      ? stage === 'tls' || stage === 'greeting'
      : stage === 'starttls' || (stage === 'ehlo' && offersStartTls)
  return isAfterHandshake && manager.tlsOptions.cert !== undefined
    ? '; perhaps it refuses our certificate (tlsOptions.cert)'
    : ''
}

function handshakeOf({ stage, manager }: LoginPlace): Stage {
  if (stage === 'connect') return stage
  return manager.tls === 'implicit' ? 'tls' : 'starttls'
}

/** What a reply that does not let a login go on means. */
export function faultOfAnswer(answer: string, stage: Stage): Fault {
  const reply = parseReply(answer)
  if (reply === undefined) {
    return { kind: 'protocol', stage, detail: 'what came is no reply of an SMTP server' }
  }
  if (reply.code >= 400) return { kind: 'reply', stage, reply }
  return { kind: 'protocol', stage, detail: `the server answered ${reply.code}` }
}
