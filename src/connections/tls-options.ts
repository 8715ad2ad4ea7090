import * as z from 'zod'

import { readCertificates } from './certificates.ts'
import { pairProblem } from './client-certificate.ts'
import { fingerprintSchema } from './fingerprint.ts'
import { parsedBy } from './parsed-by.ts'
import { checkReferences, REFERENCES_PATTERN } from './references.ts'
import type { Secret } from './secret.ts'
import { secretText } from './secret-text.ts'
import { parseServerName } from './server-name.ts'
import { isProperties } from './unknown-properties.ts'

const OLD_VERSIONS: readonly unknown[] = ['TLSv1', 'TLSv1.1']

function certificates(meaning: string) {
  return z
    .string()
    .meta({ pattern: REFERENCES_PATTERN })
    .transform(parsedBy(checkReferences))
    .refine(
      (text) => refers(text) || readCertificates(text) !== undefined,
      'expected certificates as PEM text, or "${file:path}"',
    )
    .optional()
    .describe(`${meaning}: PEM text or "\${file:path}"`)
}

const properties = z.strictObject({
  ca: certificates('The certificates that are trusted instead of the built-in ones'),
  cert: certificates(
    'The certificate that we show to the server, and those between it and its authority',
  ),
  key: secretText({
    refusal: (text) =>
      refers(text) || /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)
        ? undefined
        : 'expected a private key as PEM text, or "${file:path}"',
  })
    .optional()
    .describe('The private key of `cert`: PEM text or "${file:path}"'),
  passphrase: secretText()
    .optional()
    .describe('What opens `key` where it is encrypted; may hold references'),
  fingerprint: fingerprintSchema
    .optional()
    .describe(
      "SHA-256 of the server's certificate, or of its public key; one or a list. That certificate alone is trusted then, whoever signed it and whatever its name and dates",
    ),
  minVersion: z.enum(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']).optional().meta({
    description:
      'The oldest TLS version that is spoken; "TLSv1.2" by default, "TLSv1" with `legacy`, which the two oldest need',
    default: 'TLSv1.2',
  }),
  legacy: z
    .boolean()
    .default(false)
    .describe(
      'Permits what old relays need and nobody should use: TLS 1.0 and 1.1, weak keys, signatures and ciphers; off by default',
    ),
  serverName: z
    .string()
    .refine(
      (name) => parseServerName(name) !== undefined,
      'expected the host name in the certificate',
    )
    .transform((name) => parseServerName(name) ?? name)
    .optional()
    .describe(
      'The name that the certificate must have, and that is asked for; `server` by default',
    ),
})

type Properties = z.output<typeof properties>

/** How the server proves who it is, and we to it. It always has to: there is no switch for that. */
export const tlsOptionsSchema = properties
  .superRefine(refuseContradictions, { when: ({ value }) => isProperties(value) })
  .transform(({ minVersion, ...options }) =>
    Object.freeze({
      ...options,
      minVersion: minVersion ?? (options.legacy ? ('TLSv1' as const) : ('TLSv1.2' as const)),
    }),
  )

export type TlsOptions = z.output<typeof tlsOptionsSchema>

export const KNOWN_TLS_PROPERTIES: readonly string[] = Object.keys(properties.shape)

/** Asked also when single properties are wrong: those may be of any type then. */
function refuseContradictions(options: Properties, context: z.RefinementCtx): void {
  const refuse = (property: keyof Properties, message: string): void =>
    context.addIssue({ code: 'custom', path: [property], message })
  const { ca, cert, key, passphrase, fingerprint, legacy, minVersion } = options
  if (cert !== undefined && key === undefined) refuse('key', 'expected the private key of `cert`')
  if (key !== undefined && cert === undefined) refuse('cert', 'expected the certificate of `key`')
  if (passphrase !== undefined && key === undefined) {
    refuse('passphrase', 'expected a `key` that it opens')
  }
  if (ca !== undefined && fingerprint !== undefined) {
    refuse('ca', 'expected no authority beside `fingerprint`, which alone says what is trusted')
  }
  if (OLD_VERSIONS.includes(minVersion) && !legacy) {
    const got = JSON.stringify(minVersion)
    refuse(
      'minVersion',
      `expected "TLSv1.2" or "TLSv1.3", got ${got}: a relay that speaks nothing newer needs \`legacy: true\` beside it`,
    )
  }
  const problem = problemOf(cert, key, passphrase)
  if (problem !== undefined) refuse('key', problem)
}

/** What can be known before references are looked up. */
function problemOf(cert: unknown, key: unknown, passphrase: unknown): string | undefined {
  const pem = textOf(cert)
  const keyText = textOf(key)
  const opener = passphrase === undefined ? undefined : textOf(passphrase)
  if (pem === undefined || keyText === undefined || refers(opener ?? '')) return undefined
  const problem = pairProblem(pem, keyText, opener)
  // That of `cert` is told where it stands.
  return problem?.flaw === 'no-certificate' ? undefined : problem?.says
}

/** A text without references. */
function textOf(value: unknown): string | undefined {
  const text = isSecret(value) ? value.reveal() : value
  return typeof text === 'string' && !refers(text) ? text : undefined
}

function isSecret(value: unknown): value is Secret {
  return isProperties(value) && typeof value['reveal'] === 'function'
}

function refers(text: string): boolean {
  return text.includes('${')
}
