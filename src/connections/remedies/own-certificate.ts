import type { Remedy } from './remedy.ts'

/** A server that ended the session after it was shown a certificate of ours that is out of date. */
export const OWN_CERTIFICATE_REMEDIES: readonly Remedy[] = [
  {
    id: 'tls.our-certificate-expired',
    when: { causes: ['CLIENT_CERTIFICATE_EXPIRED'] },
    problem: 'our client certificate has expired, and the server takes it no more',
    advice:
      'Have it renewed by whoever gave it, and put the new one and its key where `tlsOptions.cert` and `tlsOptions.key` say: workers use them at once. Check the clock of this machine, too.',
  },
  {
    id: 'tls.our-certificate-not-yet-valid',
    when: { causes: ['CLIENT_CERTIFICATE_NOT_YET_VALID'] },
    problem: 'our client certificate is not valid yet, and the server does not take it',
    advice:
      'Compare the clocks: that of this machine is behind, or the certificate was made for later. Until then put the former one and its key into `tlsOptions.cert` and `tlsOptions.key`.',
  },
]
