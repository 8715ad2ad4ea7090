import { createHash, X509Certificate } from 'node:crypto'

import * as z from 'zod'

import { SecretUnavailableError } from '../../errors.ts'
import type { SecretSources } from '../../references.ts'
import type { Secret } from '../../secret.ts'
import { resolveSecret, secretText } from '../../secret-text.ts'
import { demandEndpoint, ENDPOINT, endpointOf, TENANT } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { EVERY_GRANT } from './every-grant.ts'
import { isPrivateKey } from './private-key.ts'

/** Where a client's secret goes: some endpoints take it in one place alone. */
const SECRET_PLACES = ['body', 'header'] as const

/** What tells an endpoint which program asks. */
export const CLIENT = {
  clientId: secretText().describe("The program's id at the token endpoint; may hold references"),
  clientSecret: secretText()
    .optional()
    .describe('The program\'s secret, best as a reference: "${env:NAME}" or "${file:path}"'),
  clientSecretIn: z
    .enum(SECRET_PLACES)
    .default('body')
    .describe('Where the secret goes: in the "body" of the request (default) or in its "header"'),
}

/** A program that sends as a mailbox by its own right (RFC 6749 §4.4). */
export const clientCredentialsSchema = z
  .strictObject({
    ...EVERY_GRANT,
    grant: z.literal('client-credentials').describe('How tokens are got'),
    ...CLIENT,
    privateKey: secretText()
      .optional()
      .describe('Instead of a secret: the private key as PEM text, best as "${file:path}"'),
    certificate: secretText()
      .optional()
      .describe('Its certificate as PEM text, as Microsoft Entra wants; best as "${file:path}"'),
    ...TENANT,
    ...ENDPOINT,
  })
  .superRefine((auth, context) => {
    demandEndpoint(auth, context)
    const { clientSecret, privateKey, certificate, tenant } = auth
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if ((clientSecret === undefined) === (privateKey === undefined)) {
      refuse('clientSecret', 'expected either `clientSecret` or `privateKey`')
    }
    if (certificate !== undefined && privateKey === undefined) {
      refuse('privateKey', 'expected the private key of `certificate`')
    }
    if (tenant !== undefined && privateKey !== undefined && certificate === undefined) {
      refuse('certificate', 'expected the certificate of `privateKey`, as Microsoft Entra wants')
    }
  })
  .readonly()
  .describe('OAuth 2.0 by a program of its own right, as for Exchange Online')

export interface Client {
  readonly clientId: Secret
  readonly clientSecret: Secret | undefined
  readonly clientSecretIn: (typeof SECRET_PLACES)[number]
}

export interface ClientCredentialsGrant extends Client, Endpoint {
  readonly kind: 'client-credentials'
  /** PEM text. */
  readonly privateKey: Secret | undefined
  /** The SHA-256 of the certificate, in base64url. */
  readonly thumbprint: string | undefined
}

const SCOPE = 'https://outlook.office365.com/.default'

/** Looks the references up. Throws `SecretUnavailableError`. */
export async function resolveClientCredentials(
  auth: z.output<typeof clientCredentialsSchema>,
  sources: SecretSources,
): Promise<ClientCredentialsGrant> {
  const [client, privateKey, certificate] = await Promise.all([
    resolveClient(auth, sources),
    auth.privateKey && resolveSecret(auth.privateKey, sources),
    auth.certificate && resolveSecret(auth.certificate, sources),
  ])
  if (privateKey && !isPrivateKey(privateKey.reveal())) {
    throw new SecretUnavailableError('privateKey', 'holds no private key as PEM text')
  }
  const thumbprint = certificate && thumbprintOf(certificate.reveal())
  return {
    kind: 'client-credentials',
    ...client,
    privateKey,
    thumbprint,
    ...endpointOf(auth, SCOPE),
  }
}

export async function resolveClient(
  client: {
    readonly clientId: Secret
    readonly clientSecret?: Secret | undefined
    readonly clientSecretIn: Client['clientSecretIn']
  },
  sources: SecretSources,
): Promise<Client> {
  const [clientId, clientSecret] = await Promise.all([
    resolveSecret(client.clientId, sources),
    client.clientSecret && resolveSecret(client.clientSecret, sources),
  ])
  return { clientId, clientSecret, clientSecretIn: client.clientSecretIn }
}

function thumbprintOf(pem: string): string {
  try {
    return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url')
  } catch (cause) {
    throw new SecretUnavailableError('certificate', 'holds no certificate as PEM text', { cause })
  }
}
