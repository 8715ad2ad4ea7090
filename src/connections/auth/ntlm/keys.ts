import { createHmac } from 'node:crypto'

import { md4 } from './md4.ts'
import { upperCase } from './upper-case.ts'

/** Who logs in. */
export interface NtlmIdentity {
  readonly user: string
  /** Empty for a user principal name (`ann@corp.example`) and for accounts of the server itself. */
  readonly domain: string
  readonly password: string
}

/** NTOWFv2 ([MS-NLMP] §3.3.2): the key that both sides derive from the password. */
export function responseKey({ user, domain, password }: NtlmIdentity): Buffer {
  return hmacMd5(md4(utf16(password)), utf16(upperCase(user) + domain))
}

/**
 * SessionBaseKey (§3.3.2), of the proof in an NTLMv2 response. Without an exchange of keys it is the
 * one of the session too (§3.4.5.1), which the integrity code is made with.
 */
export function sessionBaseKey(key: Buffer, proof: Buffer): Buffer {
  return hmacMd5(key, proof)
}

/** HMAC_MD5 (§6) over all parts. */
export function hmacMd5(key: Buffer, ...parts: readonly Buffer[]): Buffer {
  const hmac = createHmac('md5', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** Text as NTLM has it. */
export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le')
}
