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
      'Get the certificate from its operator by a way that you trust and set `tlsOptions.ca: "${file:/path/server.pem}"`; or give the server one of a known authority.',
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
    problem: 'the server has another certificate than the pinned one',
    advice:
      'Ask the operator of the server for the fingerprint of its new certificate and set `tlsOptions.fingerprint` to it. If it has no new one, somebody stands in between: nothing was sent.',
  },
  {
    id: 'tls.too-old',
    when: {
      causes: [
        'ERR_SSL_UNSUPPORTED_PROTOCOL',
        'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
        'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
        'ERR_SSL_NO_SHARED_CIPHER',
        'ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY',
      ],
    },
    problem: 'the server speaks no TLS version or cipher that is allowed here',
    advice:
      'Let the server speak TLS 1.2 or 1.3. For a relay that cannot, and that you reach by a network that you trust, set `tlsOptions.legacy: true`.',
  },
  {
    id: 'tls.weak',
    when: {
      causes: [
        'ERR_SSL_DH_KEY_TOO_SMALL',
        'ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED',
        'ERR_SSL_WRONG_SIGNATURE_TYPE',
        'ERR_SSL_EE_KEY_TOO_SMALL',
        'ERR_SSL_CA_KEY_TOO_SMALL',
        'ERR_SSL_CA_MD_TOO_WEAK',
        'CA_MD_TOO_WEAK',
        'CA_KEY_TOO_SMALL',
        'EE_KEY_TOO_SMALL',
      ],
    },
    problem: "the server's key, signature or TLS is too weak",
    advice:
      'The server needs a certificate of at least RSA 2048 bits or EC with SHA-256, and no small Diffie-Hellman group. For a relay that cannot, set `tlsOptions.legacy: true`.',
  },
  {
    id: 'tls.client-certificate',
    when: {
      causes: [
        'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
        'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
        'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
        'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED',
        'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN',
        'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
        'ERR_SSL_TLSV13_ALERT_ACCESS_DENIED',
        'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED',
        'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE',
      ],
    },
    problem: 'the server wants a client certificate, or refuses ours',
    advice:
      'Get a client certificate and its key from the operator of the server and name both in `tlsOptions` (`cert`, `key`).',
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
