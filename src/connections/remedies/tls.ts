import type { Remedy } from './remedy.ts'

/** In the TLS handshake. */
export const TLS_REMEDIES: readonly Remedy[] = [
  {
    id: 'tls.starttls-not-offered',
    when: { causes: ['STARTTLS_NOT_OFFERED'] },
    problem: 'the server does not offer STARTTLS, or somebody between takes it away',
    advice:
      'Enable STARTTLS there, or use its port for implicit TLS (465, `tls: "implicit"`). If the server does offer it elsewhere, a firewall or virus scanner between removes it. `tls: "none"` is for a network that you trust.',
  },
  {
    id: 'tls.certificate-expired',
    when: { causes: ['CERT_HAS_EXPIRED'] },
    problem: "the server's certificate, or that of its authority, has expired",
    advice:
      'The operator of the server has to renew it and load it anew; then it works by itself. Check the clock of this machine, too.',
  },
  {
    id: 'tls.certificate-not-yet-valid',
    when: { causes: ['CERT_NOT_YET_VALID'] },
    problem: "the server's certificate is not valid yet",
    advice:
      'Compare the clocks: that of this machine is behind, or the certificate was made for later.',
  },
  {
    id: 'tls.self-signed',
    when: { causes: ['DEPTH_ZERO_SELF_SIGNED_CERT'] },
    problem: "the server's certificate is signed by itself",
    advice:
      'Get the certificate from its operator by a way that you trust and set `tlsOptions.ca: "${file:/path/server.pem}"`, or pin it with `tlsOptions.fingerprint`; or give the server one of a known authority.',
  },
  {
    id: 'tls.unknown-authority',
    when: {
      causes: [
        'SELF_SIGNED_CERT_IN_CHAIN',
        'UNABLE_TO_GET_ISSUER_CERT',
        'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      ],
    },
    problem: 'the certificate comes from an authority that is not trusted here',
    advice:
      'For an authority of your own set `tlsOptions.ca: "${file:/path/authority.pem}"`. For a public one the server leaves the certificate between out of its chain: its operator has to send the whole chain.',
  },
  {
    id: 'tls.other-name',
    when: { causes: ['ERR_TLS_CERT_ALTNAME_INVALID'] },
    problem: 'the certificate is for another name than `server`',
    advice:
      'Write into `server` the name that the certificate has, not an address or an alias; or set `tlsOptions.serverName` to it when you know that it is the right server.',
  },
  {
    id: 'tls.other-certificate',
    when: { causes: ['FINGERPRINT_MISMATCH'] },
    problem: 'the certificate is none of those that are pinned',
    advice:
      'Ask the operator of the server, by another way than this connection, whether it has a new certificate. If it has, add its fingerprint to `tlsOptions.fingerprint`; if not, somebody stands in between.',
  },
  {
    id: 'tls.too-old',
    when: {
      causes: [
        'ERR_SSL_UNSUPPORTED_PROTOCOL',
        'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
        'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
      ],
    },
    problem: 'the server speaks no TLS version that is allowed here',
    advice:
      'Let the server speak TLS 1.2 or 1.3, and compare `tlsOptions.minVersion`. For a relay of your own network that knows TLS 1.0 or 1.1 only there is `tlsOptions.legacy`.',
  },
  {
    id: 'tls.no-secure-renegotiation',
    when: { causeLike: /UNSAFE_LEGACY_RENEGOTIATION_DISABLED$/ },
    problem: 'the server knows no secure renegotiation (RFC 5746), as TLS libraries do since 2010',
    advice:
      'Give the server a TLS library of this decade, or see whether something between takes TLS apart. For a relay of your own network there is `tlsOptions.legacy`.',
  },
  {
    id: 'tls.weak',
    when: {
      causeLike:
        /(?:^|_)(?:DH_KEY_TOO_SMALL|EE_KEY_TOO_SMALL|CA_KEY_TOO_SMALL|CA_MD_TOO_WEAK|WRONG_SIGNATURE_TYPE|LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED)$/,
    },
    problem: "the server's key, signature or TLS library is too weak",
    advice:
      'The server needs a certificate of at least RSA 2048 bits or EC with SHA-256, no small Diffie-Hellman group, and a TLS library of this decade. For a relay of your own network that has none there is `tlsOptions.legacy`.',
  },
  {
    id: 'tls.client-certificate',
    when: {
      causeLike:
        /ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED)$/,
    },
    problem: 'the server wants a client certificate, or refuses ours',
    advice:
      'Get a client certificate from the operator of the server and name it and its key in `tlsOptions.cert` and `tlsOptions.key`; the one that is there may have expired, or be of an authority that the server does not know.',
  },
  {
    id: 'tls.nothing-in-common',
    when: { causeLike: /ALERT_(?:HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)$|NO_SHARED_CIPHER$/ },
    problem: 'the server and we have no cipher in common, or it wants a client certificate',
    advice:
      'See the log of the server. An old relay of your own network may need `tlsOptions.legacy`; one that knows its clients by certificates `tlsOptions.cert` and `tlsOptions.key`.',
  },
  {
    id: 'tls.refused',
    when: { kinds: ['reply'], stages: ['starttls'] },
    problem: 'the server offers STARTTLS and refuses it',
    advice:
      'Its certificate or key cannot be read, most often: the operator of the server finds it in its log.',
  },
  {
    id: 'tls.failed',
    when: { kinds: ['tls'] },
    problem: 'the TLS handshake failed',
    advice:
      'Check that `port` and `tls` belong together (587 and 25 "starttls", 465 "implicit"), and `tlsOptions`. `openssl s_client -connect HOST:PORT` shows the same from outside; add `-starttls smtp` for STARTTLS.',
  },
]
