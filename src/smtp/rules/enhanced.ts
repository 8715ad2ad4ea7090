import type { Scope, VerdictClass } from '../verdict-shape.ts'
import { WITHOUT_PARAMETERS, type Exception, type Outcome } from './rule.ts'

/**
 * What an enhanced status code means, by the class of the **reply code**: `soft` with 4yz, `hard`
 * with 5yz. What is absent is left to the reply code.
 */
export interface EnhancedRule {
  readonly soft?: VerdictClass | Outcome
  readonly hard?: VerdictClass | Outcome
  /** By the stage when absent. */
  readonly scope?: Scope
  readonly except?: readonly Exception[]
}

const SLOW_DOWN: Outcome = { class: 'throttle', scope: 'account' }
const SUPPRESS: Outcome = { class: 'permanent', suppress: true }
const MISCONFIGURED: Outcome = { class: 'connection', alert: true }

/** Subjects 0 to 6 by `SUBJECT.DETAIL` or a range of details (RFC 3463 and the IANA registry). */
export const ENHANCED_RULES: Readonly<Record<string, EnhancedRule>> = {
  // "Other undefined status" says nothing, and positive codes nothing of a negative reply.
  '0.0': {},
  '1.5': {},
  '1.9': {},

  '1.0': { soft: 'retry', hard: 'permanent', scope: 'recipient' },
  '1.1': { soft: 'retry', hard: SUPPRESS, scope: 'recipient' },
  '1.2': { soft: 'retry', hard: 'permanent', scope: 'domain' },
  '1.3': { hard: 'permanent', scope: 'recipient' },
  '1.4': { soft: 'retry', hard: 'permanent', scope: 'recipient' },
  '1.6': { hard: SUPPRESS, scope: 'recipient' },
  '1.7': { hard: 'permanent', scope: 'sender' },
  '1.8': {
    soft: 'retry',
    hard: 'permanent',
    scope: 'sender',
    except: [
      {
        name: 'blocked',
        digit: 5,
        text: /bad outbound sender/i,
        means: { class: 'auth', scope: 'account', alert: true },
      },
    ],
  },
  '1.10': { hard: SUPPRESS, scope: 'domain' },
  '1.90': { hard: 'throttle', scope: 'account' },

  '2.0': {
    soft: 'retry',
    hard: 'permanent',
    scope: 'recipient',
    except: [
      { name: 'quota', text: /submission ?quota/i, means: SLOW_DOWN },
      {
        name: 'send-as',
        digit: 5,
        text: /SendAsDenied/i,
        means: { class: 'permanent', scope: 'account', alert: true },
      },
    ],
  },
  '2.1': {
    soft: 'retry',
    hard: 'permanent',
    scope: 'recipient',
    except: [
      { name: 'peak', text: /peak/i, means: SLOW_DOWN },
      {
        name: 'rate',
        text: /\brate\b|too quickly/i,
        means: { class: 'throttle', scope: 'recipient' },
      },
      {
        name: 'gmail',
        digit: 4,
        provider: 'gmail',
        means: { class: 'throttle', scope: 'recipient' },
      },
    ],
  },
  // A full mailbox is emptied one day: no reason to suppress it.
  '2.2': {
    soft: 'retry',
    hard: 'permanent',
    scope: 'recipient',
    except: [{ name: 'quota', text: /submission ?quota/i, means: SLOW_DOWN }],
  },
  '2.3': { hard: 'permanent' },
  '2.4': { soft: 'retry', hard: 'permanent', scope: 'recipient' },
  '2.121-122': { hard: 'throttle', scope: 'recipient' },

  '3.0': { soft: 'retry', hard: 'permanent' },
  '3.1': { soft: 'connection', hard: 'permanent', scope: 'manager' },
  '3.2': {
    soft: 'connection',
    hard: 'permanent',
    scope: 'manager',
    except: [
      { name: 'threads', codes: [432], means: SLOW_DOWN },
      {
        name: 'mail',
        digit: 5,
        stages: ['mail'],
        means: { class: 'connection', scope: 'manager' },
      },
    ],
  },
  '3.3': { soft: 'retry', hard: 'permanent', scope: 'message' },
  '3.4': { soft: 'retry', hard: 'permanent', scope: 'message' },
  '3.5': { soft: MISCONFIGURED, hard: MISCONFIGURED, scope: 'manager' },

  '4.0': { soft: 'connection', hard: 'permanent', scope: 'manager' },
  '4.1': { soft: 'connection', hard: 'permanent', scope: 'manager' },
  '4.2': { soft: 'connection', hard: 'connection', scope: 'manager' },
  '4.3': { soft: 'retry', hard: 'permanent', scope: 'manager' },
  '4.4': { soft: 'retry', hard: 'permanent', scope: 'domain' },
  '4.5': { soft: 'throttle', hard: 'throttle', scope: 'account' },
  '4.6-7': { soft: 'retry', hard: 'permanent', scope: 'message' },
  '4.8': { soft: 'retry', scope: 'manager' },

  '5.0-1': { soft: 'retry', hard: 'permanent' },
  '5.2': { hard: 'permanent' },
  '5.3': {
    soft: 'retry',
    hard: 'permanent',
    scope: 'recipient',
    except: [
      { name: 'rate', digit: 5, text: /for this sender/i, means: SLOW_DOWN },
      { name: 'split', mayDivide: true, means: { class: 'split', scope: 'recipient' } },
    ],
  },
  '5.4': { hard: 'permanent', scope: 'message', except: [WITHOUT_PARAMETERS] },
  '5.5': { soft: 'connection', hard: 'connection', scope: 'manager' },
  '5.6': { soft: 'auth', hard: 'auth', scope: 'account' },

  '6.0-6': { soft: 'retry', hard: 'permanent', scope: 'message' },
  '6.7': { hard: 'permanent' },
  '6.8-10': { hard: 'permanent', scope: 'message' },
}
