import { formatMailbox } from '../smtp/address.ts'
import type { ServedBy } from '../smtp/provider.ts'
import { describeUncertainPolicy } from '../smtp/uncertain-policy.ts'
import { describeAuth } from './auth/auth.ts'
import type { AuthSummary } from './auth/auth.ts'
import type { ConnectionManager, TlsMode } from './connection-manager.ts'
import type { ConnectionOrigin } from './connection-origin.ts'
import type { Limits } from './limits.ts'
import { isReference } from './references.ts'
import type { Secret } from './secret.ts'
import type { Timeouts } from './timeouts.ts'
import type { TlsOptions } from './tls-options.ts'

/** A connection manager for people's eyes: every property, no secret, safe to print as JSON. */
export interface ConnectionSummary {
  readonly name: string
  readonly description: string
  readonly type: 'SMTP'
  readonly server: string
  readonly port: number
  readonly tls: TlsMode
  readonly auth: AuthSummary
  readonly from?: string
  readonly fromDomains?: readonly string[]
  readonly redirectAll?: string
  readonly clientName?: string
  /** Whose server it is, as far as that is known. */
  readonly provider?: ServedBy
  readonly tlsOptions: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly passphrase?: string
    readonly fingerprint?: readonly string[]
    readonly legacy: boolean
    readonly minVersion: string
    readonly serverName?: string
  }
  /** Milliseconds. */
  readonly timeouts: Timeouts
  readonly limits: Limits
  /** What becomes of a message whose answer never came, in words. */
  readonly uncertain: string
  readonly origin: ConnectionOrigin
}

/** What may be shown of `manager`: references as written, secrets as `[secret]`. */
export function summarize(manager: ConnectionManager, origin: ConnectionOrigin): ConnectionSummary {
  const { name, description, type, server, port, tls, timeouts, limits, uncertain } = manager
  const { from, fromDomains, redirectAll, clientName, provider } = manager
  return {
    name,
    description,
    type,
    server,
    port,
    tls,
    auth: describeAuth(manager.auth),
    ...(from && { from: formatMailbox(from) }),
    ...(fromDomains && { fromDomains }),
    ...(redirectAll && { redirectAll: formatMailbox(redirectAll) }),
    ...(clientName !== undefined && { clientName }),
    ...(provider !== undefined && { provider }),
    tlsOptions: describeTlsOptions(manager.tlsOptions),
    timeouts,
    limits,
    uncertain: describeUncertainPolicy(uncertain),
    origin,
  }
}

function describeTlsOptions(options: TlsOptions): ConnectionSummary['tlsOptions'] {
  const { ca, cert, key, passphrase, fingerprint, legacy, minVersion, serverName } = options
  return {
    ...(ca !== undefined && { ca: describeCertificates(ca) }),
    ...(cert !== undefined && { cert: describeCertificates(cert) }),
    ...(key && { key: describeSecret(key) }),
    ...(passphrase && { passphrase: describeSecret(passphrase) }),
    ...(fingerprint && { fingerprint }),
    legacy,
    minVersion,
    ...(serverName !== undefined && { serverName }),
  }
}

function describeCertificates(text: string): string {
  return isReference(text) ? text : `PEM, ${text.length} characters`
}

function describeSecret(secret: Secret): string {
  return isReference(secret.reveal()) ? secret.reveal() : String(secret)
}
