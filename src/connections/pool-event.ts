import type { ResolvedManager } from './secrets.ts'
import type { SessionSecurity } from './session-security.ts'

/**
 * Why a session was closed: unused for `timeouts.idle`, after `limits.messagesPerSession`, ended by
 * the server while unused, ended with a message, left to others who need it, or with the pool.
 */
export type SessionEnd = 'idle' | 'worn' | 'stale' | 'broken' | 'surplus' | 'shutdown'

/** What happens in a pool, for logs and metrics. */
export type PoolEvent =
  | {
      readonly event: 'session-opened'
      readonly manager: string
      readonly ms: number
      /** When the server's certificate ends; absent without TLS. */
      readonly certificateEnds?: string
      /** When the certificate ends that we show; absent where we show none. */
      readonly clientCertificateEnds?: string
    }
  | {
      readonly event: 'session-closed'
      readonly manager: string
      readonly messages: number
      readonly why: SessionEnd
    }

/** A session was opened, in `ms`. */
export function sessionOpened(
  { manager, clientCertificate }: ResolvedManager,
  security: SessionSecurity,
  ms: number,
): PoolEvent {
  const ends = security.kind === 'tls' ? security.certificate?.validTo.toISOString() : undefined
  const ours = clientCertificate?.validTo.toISOString()
  return {
    event: 'session-opened',
    manager: manager.name,
    ms,
    ...(ends !== undefined && { certificateEnds: ends }),
    ...(ours !== undefined && { clientCertificateEnds: ours }),
  }
}
