import { ResponseBodyError } from 'oauth4webapi'

import type { Fault } from '../../../smtp/fault.ts'
import { authFault } from '../mechanism.ts'
import type { Secret } from '../../secret.ts'
import { withoutMailbox } from '../../login-transcript.ts'
import { secretsOfGrant } from './oauth2.ts'
import type { Grant } from './oauth2.ts'

export interface RefusedRequest {
  readonly url: URL
  /** What the endpoint answered, if it did. */
  readonly answered: Response | undefined
  readonly grant: Grant
  readonly last: Secret | undefined
}

/** What an endpoint says when it is busy or not well, though it says so as an OAuth error. */
const TEMPORARY = new Set(['temporarily_unavailable', 'server_error', 'slow_down'])

/** Tokens and assertions are dated: a clock that is off by more makes them worthless. */
const SKEW_MS = 60_000
const MAX_LENGTH = 240

/**
 * Why there is no token. An endpoint that is away, busy or broken is like a mail server that is; what
 * it refuses otherwise is the login that is wrong.
 */
export function refusalOf(error: unknown, request: RefusedRequest): Fault {
  const { url, answered } = request
  const at = `the token endpoint at "${url.host}"`
  if (answered === undefined) return unanswered(error, at)
  const { status } = answered
  const told = error instanceof ResponseBodyError ? error : undefined
  const said = told ? `${status} ${told.error}${described(told)}` : String(status)
  const skew = skewOf(answered)
  const detail = `${hidden(`${at} answered ${said}`, request)}${skew}`
  if (status === 429 || status === 408 || status >= 500 || TEMPORARY.has(told?.error ?? '')) {
    return { kind: 'refused', stage: 'auth', detail, cause: AWAY }
  }
  if (told === undefined) {
    const hint = ', which is no answer of such an endpoint: check `tokenUrl`'
    return authFault(`${detail}${hint}`, 'TOKEN_NO_ENDPOINT')
  }
  return authFault(detail, skew === '' ? causeOf(told.error) : 'TOKEN_CLOCK_SKEW')
}

const AWAY = 'TOKEN_ENDPOINT_AWAY'

function unanswered(error: unknown, at: string): Fault {
  if (error instanceof Error && error.name === 'TimeoutError') {
    const detail = `${at} did not answer in time`
    return { kind: 'timeout', stage: 'auth', detail, cause: AWAY }
  }
  const fault = networkFault(error)
  if (fault === undefined) return authFault(`${at} could not be asked: ${nameOf(error)}`)
  const detail = `${at} is out of reach: ${fault}`
  return { kind: 'refused', stage: 'auth', detail, cause: AWAY }
}

/** What the error codes of RFC 6749 §5.2 are about. */
function causeOf(error: string): string {
  if (error === 'invalid_client') return 'TOKEN_CLIENT_REFUSED'
  return error === 'invalid_grant' ? 'TOKEN_GRANT_REFUSED' : 'TOKEN_NOT_ALLOWED'
}

function described({ error_description: description }: ResponseBodyError): string {
  return description === undefined ? '' : `: ${description.replaceAll(/\s+/g, ' ').trim()}`
}

/** Without what we have sent, without mailboxes and tokens, and not endless. */
function hidden(text: string, { grant, last }: RefusedRequest): string {
  const secrets = [...secretsOfGrant(grant), ...(last ? [last] : [])]
    .map((secret) => secret.reveal())
    .filter((secret) => secret !== '')
  const left = secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
  return withoutMailbox(left)
    .replaceAll(/[A-Za-z0-9+/_.-]{48,}={0,2}/g, '…')
    .slice(0, MAX_LENGTH)
}

function skewOf({ headers }: Response): string {
  const date = Date.parse(headers.get('date') ?? '')
  const skewMs = Date.now() - date
  if (Number.isNaN(skewMs) || Math.abs(skewMs) < SKEW_MS) return ''
  const seconds = Math.round(Math.abs(skewMs) / 1_000)
  return `; the clock here is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}: set it right`
}

/** What the network said; undefined when it was not asked. */
function networkFault(error: unknown): string | undefined {
  if (!(error instanceof TypeError)) return undefined
  const { cause } = error
  if (typeof cause !== 'object' || cause === null) return undefined
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no connection'
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}
