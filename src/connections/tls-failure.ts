import type { ConnectionManager } from './connection-manager.ts'

/** What OpenSSL and Node call the failures that somebody can do something about. */
const KNOWN: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the server's certificate has expired: the server needs a new one",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet: compare the clocks",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the server's certificate is self-signed: put it into tlsOptions.ca to trust it",
  ERR_SSL_WRONG_VERSION_NUMBER:
    'the server does not speak TLS at this point: is it a port for STARTTLS, or a plain one?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG:
    'the server does not speak TLS at this point: is it a port for STARTTLS, or a plain one?',
}
const UNKNOWN_AUTHORITY = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const NO_COMMON_VERSION = new Set([
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
])
const OTHERS = /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|UNABLE_TO_|EPROTO$|ETLS$|EREQUIRETLS$)|CERT|CRL_/

interface TlsError {
  readonly code?: string | undefined
  readonly originalCode?: string | undefined
  readonly cert?: { readonly subjectaltname?: string }
}

/** What was wrong with the server's TLS and what to do about it; undefined for another failure. */
export function describeTlsFailure(
  error: TlsError,
  { server, tlsOptions }: ConnectionManager,
): string | undefined {
  const code = error.originalCode ?? error.code ?? ''
  const known = KNOWN[code]
  if (known !== undefined) return known
  if (UNKNOWN_AUTHORITY.has(code)) {
    return (
      "the server's certificate comes from an authority that is not trusted: " +
      "put that authority's certificate into tlsOptions.ca to trust it"
    )
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = error.cert?.subjectaltname?.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
    return (
      `the server's certificate is for another name than "${tlsOptions.serverName ?? server}"` +
      `${names === undefined ? '' : ` (it has ${names})`}: set tlsOptions.serverName if that is right`
    )
  }
  if (NO_COMMON_VERSION.has(code)) {
    return `the server speaks no TLS version that is allowed: tlsOptions.minVersion is "${tlsOptions.minVersion}"`
  }
  return OTHERS.test(code) ? `the TLS handshake failed: ${code}` : undefined
}
