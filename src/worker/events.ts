import type { ConfigurationIssue } from '../connections/configuration-issue.ts'
import type { TokenEvent } from '../connections/auth/oauth2/token-event.ts'
import type { SessionEnd } from '../connections/pool-event.ts'
import type { UncertainWay } from '../ledger/uncertain.ts'
import type { Judged } from './judged.ts'

interface OfMessage {
  readonly id: string
  readonly connection: string
  /** The connection manager that was used, when the connection is a group. */
  readonly member?: string
}

/**
 * Everything that happens in a worker, as data: logs, metrics and listeners are made from it.
 *
 * No event carries an address, a subject, a body or a secret. Spans are milliseconds.
 */
export type WorkerEvent =
  | {
      readonly event: 'worker-started'
      readonly worker: string
      readonly connections: readonly string[]
    }
  | { readonly event: 'worker-quieted'; readonly worker: string }
  | { readonly event: 'worker-stopped'; readonly worker: string; readonly handedBack: number }
  | ({
      readonly event: 'delivered'
      readonly recipients: number
      readonly bytes: number
      readonly ms: number
      readonly sinceAcceptedMs: number
      readonly attempt: number
    } & OfMessage &
      Judged)
  | ({
      readonly event: 'deferred'
      readonly pending: number
      readonly retryInMs: number
      readonly attempt: number
    } & OfMessage &
      Judged)
  | ({
      readonly event: 'refused'
      readonly refused: number
      /** How many of them nobody should mail again: there is no such mailbox or domain. */
      readonly suppress?: number
      readonly attempt: number
      readonly reason: string
    } & OfMessage &
      Judged)
  | ({
      readonly event: 'uncertain'
      readonly recipients: number
      readonly attempt: number
    } & OfMessage &
      Judged)
  | ({
      /** As its policy says: it is sent again, or counts as delivered although no answer came. */
      readonly event: 'uncertain-settled'
      readonly way: UncertainWay
      readonly recipients: number
      readonly rule?: string
    } & OfMessage)
  | ({ readonly event: 'expired'; readonly pending: number } & OfMessage & Judged)
  | ({ readonly event: 'cancelled' | 'superseded' } & OfMessage)
  | ({
      readonly event: 'set-aside'
      /** How many workers may have died on it in a row, the last one included. */
      readonly claims: number
      /** How many attempts in a row broke the session. */
      readonly breaks: number
      readonly reason: string
    } & OfMessage)
  | ({ readonly event: 'handed-back' } & OfMessage)
  | ({
      readonly event: 'content-lost'
      readonly why: 'missing' | 'damaged'
      readonly sha256: string
    } & OfMessage)
  | {
      readonly event: 'session-opened'
      readonly connection: string
      readonly manager: string
      readonly ms: number
      /** When the server's certificate ends; absent without TLS. */
      readonly certificateEnds?: string
      /** When the certificate ends that we show; absent where we show none. */
      readonly clientCertificateEnds?: string
    }
  | {
      readonly event: 'session-closed'
      readonly connection: string
      readonly manager: string
      readonly messages: number
      readonly why: SessionEnd
    }
  | TokenEvent
  | ({
      readonly event: 'parked'
      readonly connection: string
      readonly manager: string
      readonly blames: 'manager' | 'account'
      readonly reason: string
      /** The name of a common fault, and what is wrong and what to do, in whole sentences. */
      readonly problem?: string
      readonly advice?: string
      readonly retryInMs: number | undefined
      /** The worker whose session found it out. */
      readonly foundBy?: string
    } & Judged)
  | {
      /** At the start: the manager can be used. One that cannot is `parked`. */
      readonly event: 'verified'
      readonly connection: string
      readonly manager: string
      /** The worker whose session was let in. */
      readonly foundBy?: string
    }
  | {
      readonly event: 'resumed'
      readonly connection: string
      readonly manager: string
      readonly parkedMs: number
      /** The worker whose session was let in. */
      readonly foundBy?: string
    }
  | {
      /** An operator says that the manager is not to be used; `reason` is what was written, or empty. */
      readonly event: 'paused'
      readonly connection: string
      readonly manager: string
      readonly reason: string
    }
  | {
      readonly event: 'pause-ended'
      readonly connection: string
      readonly manager: string
      readonly pausedMs: number
    }
  | {
      /** The name's mail does not go through the manager any more; what it has begun it finishes. */
      readonly event: 'manager-left'
      readonly connection: string
      readonly manager: string
    }
  | {
      /** A group's mail takes its next way from now on. */
      readonly event: 'failed-over'
      readonly connection: string
      readonly from: string
      readonly to: string
      /** What keeps `from` from being used; `order`: the configuration has another order. */
      readonly why: 'manager' | 'account' | 'throttle' | 'paused' | 'order'
      readonly reason: string
      readonly unusableMs?: number
    }
  | {
      /** A group's mail takes a way again that is wanted more. */
      readonly event: 'failed-back'
      readonly connection: string
      readonly from: string
      readonly to: string
      readonly why: 'usable'
    }
  | {
      readonly event: 'throttled'
      readonly connection: string
      readonly manager: string
      readonly code?: number
      readonly retryInMs: number
      /** How many messages all workers together send after that; absent when the store was away. */
      readonly perMinute?: number
      /** The worker that was asked to slow down. */
      readonly foundBy?: string
    }
  | {
      /** The rate that a server asked for was lowered further, or raised a step. */
      readonly event: 'rate-changed'
      readonly connection: string
      readonly manager: string
      readonly perMinute: number
    }
  | {
      readonly event: 'rate-restored'
      readonly connection: string
      readonly manager: string
      readonly loweredMs: number
    }
  | {
      readonly event: 'job-rejected'
      readonly id: string
      readonly connection: string
      readonly reason: string
    }
  | {
      readonly event: 'config-applied'
      /** All names that are served now. */
      readonly connections: readonly string[]
      readonly added: readonly string[]
      readonly changed: readonly string[]
      readonly removed: readonly string[]
      /** New names that could not be opened: they are tried again in `retryInMs`. */
      readonly delayed: readonly string[]
      readonly retryInMs?: number
      /** Settings that have changed and count at the next start only. */
      readonly atNextStart: readonly string[]
    }
  | { readonly event: 'config-refused'; readonly problems: readonly ConfigurationIssue[] }
  | { readonly event: 'store-error'; readonly code: string; readonly reason: string }
  | ({ readonly event: 'requeued' } & OfMessage)
  | ({
      readonly event: 'job-lost'
      readonly pending: number
      readonly rule: string
      readonly reason: string
    } & OfMessage)
  | {
      readonly event: 'swept'
      readonly requeued: number
      readonly lost: number
      readonly expired: number
      readonly forgotten: number
      readonly ms: number
    }

/** Receives every event of a worker; it must not throw, and what it throws is dropped. */
export type Emit = (event: WorkerEvent) => void
