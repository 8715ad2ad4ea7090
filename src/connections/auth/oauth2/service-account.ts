import * as z from 'zod'

import { SecretUnavailableError } from '../../errors.ts'
import type { SecretSources } from '../../references.ts'
import { createSecret } from '../../secret.ts'
import type { Secret } from '../../secret.ts'
import { resolveSecret, secretText } from '../../secret-text.ts'
import { ENDPOINT, endpointOf } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { EVERY_GRANT } from './every-grant.ts'
import { isPrivateKey } from './private-key.ts'

/** A service account of Google that may send as a mailbox (RFC 7523 §2.1). */
export const serviceAccountSchema = z
  .strictObject({
    ...EVERY_GRANT,
    grant: z.literal('service-account').describe('How tokens are got'),
    key: secretText()
      .optional()
      .describe('The key file of the account, as JSON text; best as "${file:path}"'),
    clientEmail: secretText()
      .optional()
      .describe('Instead of the file: the address of the account, its `client_email`'),
    privateKey: secretText()
      .optional()
      .describe('Instead of the file: the key itself as PEM text, its `private_key`'),
    ...ENDPOINT,
  })
  .superRefine(({ key, clientEmail, privateKey }, context) => {
    const parts = [clientEmail, privateKey].filter((part) => part !== undefined).length
    if (parts === (key === undefined ? 2 : 0)) return
    context.addIssue({
      code: 'custom',
      path: ['key'],
      message: 'expected either `key`, or `clientEmail` and `privateKey`',
    })
  })
  .readonly()
  .describe('OAuth 2.0 by a service account, as at Google')

export interface ServiceAccountGrant extends Endpoint {
  readonly kind: 'service-account'
  readonly clientEmail: Secret
  /** PEM text. */
  readonly privateKey: Secret
  readonly keyId: string | undefined
}

interface Account {
  readonly clientEmail: Secret
  readonly privateKey: Secret
  readonly keyId?: string | undefined
}

type ServiceAccountAuth = z.output<typeof serviceAccountSchema>

/** Looks the references up. Throws `SecretUnavailableError`. */
export async function resolveServiceAccount(
  auth: ServiceAccountAuth,
  sources: SecretSources,
): Promise<ServiceAccountGrant> {
  const { clientEmail, privateKey, keyId } = await accountOf(auth, sources)
  if (!isPrivateKey(privateKey.reveal())) {
    throw new SecretUnavailableError('privateKey', 'holds no private key as PEM text')
  }
  return { kind: 'service-account', clientEmail, privateKey, keyId, ...endpointOf(auth, '') }
}

async function accountOf(
  { key, clientEmail, privateKey }: ServiceAccountAuth,
  sources: SecretSources,
): Promise<Account> {
  if (key !== undefined) return readKeyFile((await resolveSecret(key, sources)).reveal())
  // The schema demands both where there is no key file.
  if (!clientEmail || !privateKey) throw new TypeError('expected `clientEmail` and `privateKey`')
  const [email, pem] = await Promise.all([
    resolveSecret(clientEmail, sources),
    resolveSecret(privateKey, sources),
  ])
  return { clientEmail: email, privateKey: pem }
}

const keyFile = z.object({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
})

function readKeyFile(text: string): Account {
  try {
    const file = keyFile.parse(JSON.parse(text))
    return {
      clientEmail: createSecret(file.client_email),
      privateKey: createSecret(file.private_key),
      keyId: file.private_key_id,
    }
  } catch {
    // What is wrong with it may say what is in it.
    throw new SecretUnavailableError('key', 'holds no key file of a service account')
  }
}
