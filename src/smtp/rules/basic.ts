import { WITHOUT_PARAMETERS, type Exception, type Outcome } from './rule.ts'

/** What a reply code means when no enhanced code says more (RFC 5321 §4.2.3, RFC 4954 §6). */
export interface BasicRule {
  readonly means: Outcome
  readonly except?: readonly Exception[]
  /** The code speaks of the session, whatever enhanced code comes with it. */
  readonly isDecisive?: true
}

const RETRY: Outcome = { class: 'retry' }
const PERMANENT: Outcome = { class: 'permanent' }
const SLOW_DOWN: Outcome = { class: 'throttle', scope: 'account' }
const LOGIN_NEEDED: BasicRule = {
  means: { class: 'auth', scope: 'account', alert: true },
  isDecisive: true,
}

/** RFC 5321 §4.5.3.1.10: the rest goes in another transaction, also when the server says 552. */
const REST_LATER: Exception = {
  name: 'split',
  stages: ['rcpt'],
  acceptedBefore: true,
  means: { class: 'split', scope: 'recipient' },
}

/** By reply code or range of them; at the stages before MAIL the stage has decided already. */
export const BASIC_RULES: Readonly<Record<string, BasicRule>> = {
  '421': {
    means: { class: 'connection', scope: 'manager' },
    except: [{ name: 'rate', text: /\brate\b|too many|volume/i, means: SLOW_DOWN }],
  },
  '422': { means: RETRY },
  '430-431': { means: { class: 'retry', scope: 'message' } },
  // Exchange Online: too many connections of one mailbox send at once.
  '432': { means: SLOW_DOWN },
  '441-447': { means: { class: 'retry', scope: 'message' } },
  '450': {
    means: RETRY,
    except: [
      {
        name: 'rate',
        text: /too quickly|\brate\b/i,
        means: { class: 'throttle', scope: 'recipient' },
      },
    ],
  },
  '451': {
    means: RETRY,
    except: [
      {
        name: 'sender-domain',
        text: /unresolvable RFC.?5321/i,
        means: { class: 'retry', scope: 'sender', alert: true },
      },
    ],
  },
  '452': {
    means: RETRY,
    except: [
      {
        name: 'rate',
        text: /too many (?:e-?mails|messages|mails)|per (?:minute|hour|day)/i,
        means: SLOW_DOWN,
      },
      REST_LATER,
    ],
  },
  '453': { means: { class: 'retry', scope: 'manager' } },
  '454': {
    means: { class: 'retry', scope: 'account' },
    except: [{ name: 'rate', text: /throttling failure/i, means: SLOW_DOWN }],
  },
  '455': { means: { class: 'retry', scope: 'message' }, except: [WITHOUT_PARAMETERS] },
  '458-459': { means: { class: 'retry', scope: 'message' } },
  '500-502': { means: PERMANENT },
  // Our own commands came in the wrong order for this server: no fault of the message.
  '503': {
    means: RETRY,
    isDecisive: true,
    except: [
      {
        name: 'auth',
        stages: ['mail'],
        text: /\bauth(?:enticat\w*|oriz\w*)?\b/i,
        means: { class: 'auth', scope: 'account', manager: 'auth', alert: true },
      },
    ],
  },
  '504': { means: PERMANENT, except: [WITHOUT_PARAMETERS] },
  '510-512': { means: PERMANENT },
  // RFC 7504 §3: a host without mail service may say so as late as here, and of no one sender.
  '521': {
    means: PERMANENT,
    except: [
      { name: 'no-service', stages: ['mail'], means: { class: 'connection', scope: 'manager' } },
    ],
  },
  '523-525': LOGIN_NEEDED,
  '530': LOGIN_NEEDED,
  '533-535': LOGIN_NEEDED,
  '538': LOGIN_NEEDED,
  '541': { means: PERMANENT },
  '550': {
    means: PERMANENT,
    except: [
      {
        name: 'policy',
        stages: ['data', 'body', 'dot'],
        text: /policy|spam|\bauth/i,
        means: { class: 'policy' },
      },
    ],
  },
  '551': { means: { class: 'permanent', scope: 'recipient' } },
  '552': { means: PERMANENT, except: [REST_LATER] },
  '553': { means: PERMANENT },
  '554': {
    means: PERMANENT,
    except: [
      {
        name: 'quota',
        text: /\b(?:sending|submission|daily|hourly|messages?)\b.{0,20}\b(?:quota|limit)\b/i,
        means: SLOW_DOWN,
      },
    ],
  },
  '555': {
    means: { class: 'permanent', scope: 'message' },
    except: [WITHOUT_PARAMETERS],
  },
  '556': { means: { class: 'permanent', scope: 'domain' } },
}

/** Codes that no table names: the first digit says all (RFC 5321 §4.2.1). */
export const OTHER_CODES: Readonly<Record<4 | 5, BasicRule>> = {
  4: { means: RETRY },
  5: { means: PERMANENT },
}
