import type { Remedy } from './remedy.ts'

/** A certificate of ours that cannot be shown, or after which the server ended the session. */
export const OWN_CERTIFICATE_REMEDIES: readonly Remedy[] = [
  {
    id: 'tls.our-certificate-expired',
    when: { causes: ['CLIENT_CERTIFICATE_EXPIRED'] },
    problem: 'our client certificate has expired, and the server ended the session',
    advice:
      'Have it renewed by whoever gave it, and put the new one and its key where `tlsOptions.cert` and `tlsOptions.key` say: workers use them at once. Check the clock of this machine, too.',
  },
  {
    id: 'tls.our-certificate-not-yet-valid',
    when: { causes: ['CLIENT_CERTIFICATE_NOT_YET_VALID'] },
    problem: 'our client certificate is not valid yet, and the server ended the session',
    advice:
      'Compare the clocks: that of this machine is behind, or the certificate was made for later. Until then put the former one and its key into `tlsOptions.cert` and `tlsOptions.key`.',
  },
  {
    id: 'tls.our-certificate-unusable',
    when: { causes: ['CLIENT_CERTIFICATE_UNUSABLE'] },
    problem: 'our client certificate is too weak for OpenSSL here, which does not show it',
    advice:
      'Have a new one made: an RSA key of 2048 bits or more, or an elliptic one, and signed with SHA-256. Until then `tlsOptions.legacy` shows it as it is, and lets the server be as weak.',
  },
]
