import { generateKeyPairSync, verify } from 'node:crypto'

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })

/** A service account, as its key file has it. */
export const SERVICE_ACCOUNT = {
  type: 'service_account',
  client_email: 'robot@project.iam.gserviceaccount.test',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  private_key_id: 'a1b2c3',
}

/** Whether the account has signed `assertion` just now, for this endpoint (RFC 7523 §3). */
export function isGenuine(assertion: string, audience: string): boolean {
  const [header = '', claims = '', signature = ''] = assertion.split('.')
  const signed = Buffer.from(`${header}.${claims}`)
  if (!verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))) return false
  const { iss, aud, sub, exp, iat } = JSON.parse(
    Buffer.from(claims, 'base64url').toString(),
  ) as Readonly<Record<string, unknown>>
  const now = Date.now() / 1_000
  return (
    iss === SERVICE_ACCOUNT.client_email &&
    aud === audience &&
    typeof sub === 'string' &&
    Number(exp) > now &&
    Number(exp) <= Number(iat) + 3_600
  )
}
