import { createPrivateKey, webcrypto } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import {
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  None,
  PrivateKeyJwt,
} from 'oauth4webapi'
import type { ClientAuth } from 'oauth4webapi'

import type { Secret } from '../../secret.ts'
import type { ClientCredentialsGrant } from './client-credentials.ts'
import type { RefreshTokenGrant } from './refresh-token.ts'

/** How a client proves to the token endpoint who it is (OpenID Connect Core §9). */
export async function clientAuthOf(
  grant: ClientCredentialsGrant | RefreshTokenGrant,
): Promise<ClientAuth> {
  if (grant.kind === 'client-credentials' && grant.privateKey) {
    return byKey(grant, await signingKey(grant.privateKey))
  }
  const secret = grant.clientSecret?.reveal()
  if (secret === undefined) return None()
  return grant.clientSecretIn === 'header' ? ClientSecretBasic(secret) : ClientSecretPost(secret)
}

/** `private_key_jwt`, with what Microsoft Entra looks the certificate up by. */
function byKey(
  { tokenUrl, thumbprint }: ClientCredentialsGrant,
  key: webcrypto.CryptoKey,
): ClientAuth {
  return PrivateKeyJwt(key, {
    [modifyAssertion]: (header, payload) => {
      header['typ'] = 'JWT'
      if (thumbprint !== undefined) header['x5t#S256'] = thumbprint
      payload['aud'] = tokenUrl
    },
  })
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

/** The key for PS256 where it is one of RSA, as Entra wants; else for what it is made for. */
async function signingKey(pem: Secret): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(pem.reveal())
  const bytes = key.export({ format: 'der', type: 'pkcs8' })
  return webcrypto.subtle.importKey('pkcs8', bytes, algorithmOf(key), false, ['sign'])
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === 'ec') {
    const namedCurve = CURVES[asymmetricKeyDetails?.namedCurve ?? ''] ?? 'P-256'
    return { name: 'ECDSA', namedCurve }
  }
  if (asymmetricKeyType === 'ed25519') return { name: 'Ed25519' }
  return { name: 'RSA-PSS', hash: 'SHA-256' }
}
