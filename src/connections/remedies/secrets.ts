import type { SecretFlaw } from '../errors.ts'
import type { Remedy } from './remedy.ts'

/** A reference that cannot be looked up: nobody was connected to. */
const UNAVAILABLE: Remedy = {
  id: 'secrets.unavailable',
  when: {},
  problem: 'a secret cannot be read here',
  advice:
    'Set the variable in the environment of this process, or let its user read the file. A worker has an environment of its own: that of its service or container.',
}

const FLAWS: Readonly<Record<SecretFlaw, Remedy>> = {
  'no-authority': {
    id: 'secrets.no-authority',
    when: {},
    problem: 'what `tlsOptions.ca` refers to is no certificate',
    advice:
      'Put the certificates of the authority there as PEM text, each from "-----BEGIN CERTIFICATE-----" to its END line; `openssl x509 -inform der -in FILE` makes PEM of DER.',
  },
  'no-certificate': {
    id: 'secrets.no-certificate',
    when: {},
    problem: 'what the certificate refers to is none',
    advice:
      'Put our certificate there as PEM text, and those between it and its authority behind it; `openssl x509 -in FILE -noout -subject` has to read it.',
  },
  'broken-chain': {
    id: 'secrets.broken-chain',
    when: {},
    problem: 'one of the certificates behind ours cannot be read',
    advice:
      'Each of the file goes from "-----BEGIN CERTIFICATE-----" to its END line, ours first: one of the others was cut off or changed. Get those between ours and its authority anew from whoever gave it.',
  },
  'no-key': {
    id: 'secrets.no-key',
    when: {},
    problem: 'what the private key refers to is none',
    advice:
      'Put the private key there as PEM text; `openssl pkey -in FILE -noout` has to read it. A file with the certificate alone, or one that was cut off, is no key.',
  },
  'key-locked': {
    id: 'secrets.key-locked',
    when: {},
    problem: 'the private key is encrypted, and nothing opens it',
    advice:
      'Set `tlsOptions.passphrase` to what opens it, or put the key there without encryption: `openssl pkey -in FILE -out NEWFILE`.',
  },
  'key-of-another': {
    id: 'secrets.key-of-another',
    when: {},
    problem: 'the private key is not that of the certificate',
    advice:
      'Compare `openssl x509 -in CERT -noout -pubkey` with `openssl pkey -in KEY -pubout`: both have to say the same. After a renewal put both in their place; our certificate has to be the first of its file.',
  },
}

/** All of them. */
export const SECRET_REMEDIES: readonly Remedy[] = [UNAVAILABLE, ...Object.values(FLAWS)]

/** What to do about a secret that cannot be used. */
export function remedyForSecret(flaw: SecretFlaw | undefined): Remedy {
  return flaw === undefined ? UNAVAILABLE : FLAWS[flaw]
}
