import type { Provider } from '../provider.ts'
import { TRANSACTION, type Exception, type Outcome } from './rule.ts'

/** A text that a provider is known for; it counts unless the server is known to be another's. */
export interface ProviderRule extends Exception {
  /** `any`: many servers say so. */
  readonly of: Provider | 'any'
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

const LOGIN: Outcome = { class: 'auth', scope: 'account', alert: true }

function slowDown(minDelayMs: number): Outcome {
  return { class: 'throttle', scope: 'account', minDelayMs }
}

/** Looked at before everything else, in this order. */
export const PROVIDER_RULES: readonly ProviderRule[] = [
  {
    of: 'gmail',
    name: 'same-message-id',
    digit: 4,
    status: /^4\.7\.28$/,
    text: /message-?id/i,
    means: { class: 'throttle', scope: 'message', minDelayMs: HOUR_MS },
  },
  {
    of: 'gmail',
    name: 'unusual-rate',
    digit: 4,
    status: /^4\.7\.(?:0|28)$/,
    text: /unusual rate/i,
    means: slowDown(30 * MINUTE_MS),
  },
  // Until the next day, whose begin the reply does not tell.
  {
    of: 'gmail',
    name: 'daily-limit',
    digit: 5,
    status: /^5\.(?:4\.5|7\.1)$/,
    text: /daily.{0,40}(?:limit|quota)/i,
    means: slowDown(HOUR_MS),
  },
  {
    of: 'gmail',
    name: 'logins',
    codes: [454],
    text: /too many login attempts|cannot authenticate.*temporar/i,
    means: { class: 'auth', scope: 'account', manager: 'throttle', minDelayMs: 15 * MINUTE_MS },
  },
  {
    of: 'gmail',
    name: 'malformed',
    codes: [550],
    status: /^5\.7\.1$/,
    stages: ['data', 'body', 'dot'],
    text: /message-id|not RFC ?5322 compliant|missing.*\bfrom\b/i,
    means: { class: 'permanent', scope: 'message', alert: true },
  },

  {
    of: 'yahoo',
    name: 'deferred',
    digit: 4,
    text: /\[(?:TSS0[345]|TS0[23]|IPTS04)\]/i,
    means: slowDown(2 * HOUR_MS),
  },
  {
    of: 'yahoo',
    name: 'never',
    digit: 5,
    text: /\[TSS(?:09|11)\]|permanently deferred/i,
    means: { class: 'policy', scope: 'message' },
  },
  {
    of: 'yahoo',
    name: 'worn',
    codes: [421],
    text: /max(?:imum)? messages? per connection/i,
    means: { class: 'connection', scope: 'manager' },
  },

  {
    of: 'exchange',
    name: 'threads',
    codes: [432],
    text: /thread limit/i,
    means: slowDown(MINUTE_MS),
  },
  {
    of: 'exchange',
    name: 'busy',
    digit: 4,
    text: /server busy|\bIB007\b|\bRP-00\d\b|\bDYN:T\d|\bRLY:B\d/i,
    means: slowDown(30 * MINUTE_MS),
  },
  {
    of: 'exchange',
    name: 'quota',
    text: /SubmissionQuotaExceeded/i,
    means: slowDown(HOUR_MS),
  },
  { of: 'exchange', name: 'basic-auth', status: /^5\.7\.30$/, text: /basic auth/i, means: LOGIN },

  {
    of: 'ses',
    name: 'rate',
    codes: [454],
    text: /maximum sending rate exceeded/i,
    means: { class: 'throttle', scope: 'account' },
  },
  {
    of: 'ses',
    name: 'daily-quota',
    codes: [454],
    text: /daily message quota exceeded/i,
    means: slowDown(HOUR_MS),
  },
  {
    of: 'ses',
    name: 'not-allowed',
    codes: [554],
    text: /not authorized to perform.*ses:/i,
    means: LOGIN,
  },
  // It may be the sender of this one message, or all of them: the next message tells.
  {
    of: 'ses',
    name: 'not-verified',
    codes: [554],
    text: /email address is not verified/i,
    means: { ...LOGIN, manager: 'suspect' },
  },

  {
    of: 'apple',
    name: 'volume',
    digit: 4,
    text: /\[HCM1\]|\[BS02\]|excessive volume/i,
    means: slowDown(15 * MINUTE_MS),
  },

  // Our address is on a list: who waits gets the same answer until a person acts.
  {
    of: 'any',
    name: 'listed',
    text: /\bblocked using \S|\blisted (?:at|by|in|on) \S+\.\S/i,
    means: { class: 'policy', scope: 'manager', manager: 'suspect', alert: true },
  },
  {
    of: 'any',
    name: 'greylist',
    digit: 4,
    stages: TRANSACTION,
    text: /gr[ae]y-? ?list/i,
    means: { class: 'retry', minDelayMs: 5 * MINUTE_MS },
  },
  {
    of: 'any',
    name: 'recipients',
    stages: ['rcpt'],
    text: /too many recipients(?!.*(?:per|sender|hour|day))/i,
    mayDivide: true,
    means: { class: 'split', scope: 'recipient' },
  },
  // Only where neither code says more than "not now".
  {
    of: 'any',
    name: 'later',
    codes: [450, 451],
    status: /^(?:4\.[0235]\.0|4\.2\.1)?$/,
    stages: TRANSACTION,
    text: /^(?!.*(?:\brate\b|too (?:many|quickly|fast))).*\btry\b.{0,20}\b(?:again|later)\b/i,
    means: { class: 'retry', minDelayMs: 5 * MINUTE_MS },
  },
]
