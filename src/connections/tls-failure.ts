import type { ConnectionManager } from './connection-manager.ts'
import type { TlsOptions } from './tls-options.ts'

/** What OpenSSL and Node call the failures that somebody can do something about. */
const KNOWN: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the server's certificate has expired: the server needs a new one",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet: compare the clocks",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the server's certificate is self-signed: put it into tlsOptions.ca to trust it, " +
    'or its fingerprint into tlsOptions.fingerprint',
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
const NO_SECURE_RENEGOTIATION = 'ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED'
/** What OpenSSL 3 refuses unless it is told to be lenient. */
const TOO_WEAK =
  /(?:^|_)(?:DH_KEY_TOO_SMALL|EE_KEY_TOO_SMALL|CA_KEY_TOO_SMALL|CA_MD_TOO_WEAK|WRONG_SIGNATURE_TYPE|LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED)$/
/** The server's word about the certificate that we showed, or did not. */
const OF_OURS =
  /ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED)$/
/** What Node has no code for, by OpenSSL's words. */
const UNSPECIFIED: readonly (readonly [words: RegExp, code: string])[] = [
  [/EE certificate key too weak/i, 'EE_KEY_TOO_SMALL'],
  [/CA certificate key too weak/i, 'CA_KEY_TOO_SMALL'],
  [/CA signature digest algorithm too weak/i, 'CA_MD_TOO_WEAK'],
]
const OTHERS =
  /^(?:UNSPECIFIED$|ERR_SSL_|ERR_TLS_|ERR_OSSL_|UNABLE_TO_|EPROTO$|ETLS$|EREQUIRETLS$)|CERT|CRL_/

interface TlsError {
  readonly code?: string | undefined
  readonly originalCode?: string | undefined
  readonly message?: string
  readonly cert?: { readonly subjectaltname?: string }
}

/** What was wrong with the server's TLS and what to do about it; undefined for another failure. */
export function describeTlsFailure(
  error: TlsError,
  { server, tlsOptions }: ConnectionManager,
): string | undefined {
  const code = codeOfTls(error) ?? ''
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
    return (
      `the server speaks no TLS version that is allowed: tlsOptions.minVersion is "${tlsOptions.minVersion}"` +
      (tlsOptions.legacy
        ? ''
        : '; for a relay that knows TLS 1.0 or 1.1 only, set tlsOptions.legacy')
    )
  }
  if (code === NO_SECURE_RENEGOTIATION) {
    return 'the server knows no secure renegotiation (RFC 5746): renew it, or set tlsOptions.legacy to use it as it is'
  }
  if (TOO_WEAK.test(code) && !tlsOptions.legacy) {
    return `the server's TLS is too weak (${code}): renew it, or set tlsOptions.legacy to use it as it is`
  }
  if (isAboutOurs(code)) {
    return tlsOptions.cert === undefined
      ? `the server demands a client certificate (${code}): set tlsOptions.cert and tlsOptions.key`
      : `the server refuses our certificate (${code}): compare tlsOptions.cert with what it accepts`
  }
  if (code.endsWith('_ALERT_HANDSHAKE_FAILURE')) return describeNothingInCommon(tlsOptions, code)
  return OTHERS.test(code) ? `the TLS handshake failed: ${code}` : undefined
}

/** What OpenSSL calls it, or Node. */
export function codeOfTls({ originalCode, code, message = '' }: TlsError): string | undefined {
  const given = originalCode ?? code
  if (given !== 'UNSPECIFIED') return given
  return UNSPECIFIED.find(([words]) => words.test(message))?.[1] ?? given
}

/** Whether `code` tells what the server thinks of our certificate; with TLS 1.3 only later. */
export function isAboutOurs(code: string): boolean {
  return OF_OURS.test(code)
}

/** What servers say when no cipher is common to both, and before TLS 1.3 for want of a certificate. */
function describeNothingInCommon({ cert, legacy }: TlsOptions, code: string): string {
  const hints = [
    ...(cert === undefined ? ['it demands a client certificate (tlsOptions.cert)'] : []),
    ...(legacy ? [] : ['it is an old one (tlsOptions.legacy)']),
  ]
  const perhaps = hints.length === 0 ? '' : `: perhaps ${hints.join(', or ')}`
  return `the server has no way of TLS in common with us (${code})${perhaps}`
}
