import type { EnhancedRule } from './enhanced.ts'
import type { Outcome } from './rule.ts'

/** Postfix, and most greylisting servers, let nothing through sooner. */
const GREYLIST_MS = 300_000

const LOGIN: Outcome = { class: 'auth', scope: 'account', alert: true }
const SLOW_DOWN: Outcome = { class: 'throttle', scope: 'account' }
const MISCONFIGURED: Outcome = { class: 'connection', scope: 'manager', alert: true }
const UNTRUSTED_SENDER: Outcome = { class: 'policy', scope: 'sender', alert: true }

/** The account or its addresses are blocked: every message would meet the same answer. */
const BLOCKED: Outcome = {
  class: 'policy',
  scope: 'account',
  message: 'retry',
  manager: 'auth',
  alert: true,
}

/** Subject 7 by `SUBJECT.DETAIL` or range; of two rules for one code the first counts. */
export const SECURITY_RULES: Readonly<Record<string, EnhancedRule>> = {
  '7.0': {
    soft: SLOW_DOWN,
    hard: 'policy',
    except: [
      {
        name: 'tls',
        text: /must issue a? ?starttls|(?:\btls\b|encrypt).*(?:required|must)|requires? (?:tls|encrypt)/i,
        means: MISCONFIGURED,
      },
      {
        name: 'recipient',
        codes: [450],
        stages: ['rcpt'],
        means: { class: 'throttle', scope: 'recipient' },
      },
    ],
  },
  '7.1': {
    soft: { class: 'retry', minDelayMs: GREYLIST_MS },
    hard: 'policy',
    except: [
      {
        name: 'rate',
        digit: 4,
        text: /\brate\b|too (?:many|quickly|fast|frequent)|throttl|volume/i,
        means: SLOW_DOWN,
      },
      {
        name: 'login',
        digit: 5,
        text: /\b(?:client|you|session|sender) (?:was |is |are )?not authenticated|authentication (?:is )?required/i,
        means: LOGIN,
      },
      // Perhaps of this one recipient, perhaps of all: the next message tells.
      {
        name: 'relay',
        digit: 5,
        text: /\brelay/i,
        means: { class: 'policy', scope: 'account', manager: 'suspect', alert: true },
      },
    ],
  },
  '7.2': { hard: 'permanent', scope: 'recipient' },
  '7.3': { hard: 'permanent', scope: 'account' },
  '7.4': { soft: 'connection', hard: LOGIN, scope: 'account' },
  '7.5-7': { soft: { class: 'connection', scope: 'manager' }, hard: 'permanent', scope: 'message' },
  '7.8': { soft: 'auth', hard: LOGIN, scope: 'account' },
  '7.9': {
    soft: 'auth',
    hard: LOGIN,
    scope: 'account',
    except: [{ name: 'yahoo', digit: 5, provider: 'yahoo', means: UNTRUSTED_SENDER }],
  },
  '7.10': { soft: MISCONFIGURED, hard: LOGIN },
  '7.11-12': { soft: 'auth', hard: LOGIN, scope: 'account' },
  '7.13': {
    hard: LOGIN,
    except: [
      {
        name: 'folder',
        digit: 5,
        text: /public ?folder/i,
        means: { class: 'permanent', scope: 'recipient' },
      },
    ],
  },
  '7.14': { hard: LOGIN },
  '7.15-16': { soft: 'retry', hard: 'permanent', scope: 'message' },
  '7.17-18': { hard: { class: 'permanent', scope: 'recipient', suppress: true } },
  // The recipient exists; only the demand that it be the same owner cannot be met.
  '7.19': { hard: 'permanent', scope: 'recipient' },
  '7.20-22': { soft: 'retry', hard: UNTRUSTED_SENDER, scope: 'sender' },
  '7.23-24': { soft: SLOW_DOWN, hard: UNTRUSTED_SENDER },
  '7.25': { soft: SLOW_DOWN, hard: { class: 'policy', scope: 'manager', alert: true } },
  '7.26-27': { soft: SLOW_DOWN, hard: UNTRUSTED_SENDER },
  '7.28': { soft: SLOW_DOWN, hard: SLOW_DOWN },
  '7.29': {
    soft: MISCONFIGURED,
    hard: 'policy',
    scope: 'message',
    except: [{ name: 'tls', digit: 5, text: /\btls\b/i, means: MISCONFIGURED }],
  },
  '7.30': {
    hard: 'policy',
    scope: 'message',
    except: [
      // What the code is registered for: the way ahead cannot keep what the message demands.
      {
        name: 'requiretls',
        digit: 5,
        text: /requiretls/i,
        means: { class: 'policy', scope: 'message' },
      },
      { name: 'basic', digit: 5, text: /basic auth/i, means: LOGIN },
      // Exchange Online says it when it takes no more passwords.
      { name: 'exchange', digit: 5, provider: 'exchange', means: LOGIN },
      { name: 'login', digit: 5, stages: ['mail'], means: LOGIN },
    ],
  },

  // Exchange Online and Outlook.com have a numbering of their own.
  '7.57': { hard: LOGIN },
  '7.60': { hard: { class: 'permanent', scope: 'account', alert: true } },
  '7.64': { hard: LOGIN },
  '7.139': { hard: LOGIN },
  '7.321-325': {
    soft: 'connection',
    hard: { class: 'permanent', alert: true },
    scope: 'domain',
  },
  '7.501-503': { soft: SLOW_DOWN, hard: BLOCKED },
  '7.508': { soft: SLOW_DOWN, hard: SLOW_DOWN },
  '7.511': { soft: SLOW_DOWN, hard: BLOCKED },
  '7.515': { soft: SLOW_DOWN, hard: UNTRUSTED_SENDER },
  '7.606-649': { soft: SLOW_DOWN, hard: BLOCKED },
  '7.500-699': { soft: SLOW_DOWN },
  '7.700-749': { hard: BLOCKED },
  '7.750': { hard: BLOCKED },
  '7.850-899': { soft: SLOW_DOWN },
}
