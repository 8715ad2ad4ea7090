import { createHash } from 'node:crypto'

import type { NtlmChallenge } from './challenge.ts'
import { hmacMd5, responseKey, sessionBaseKey, utf16 } from './keys.ts'
import type { NtlmIdentity } from './keys.ts'
import { OUR_FLAGS, SIGNATURE, VERSION } from './negotiate.ts'
import { ATTRIBUTE, composeTargetInfo } from './target-info.ts'
import type { TargetAttribute } from './target-info.ts'

/** What the answer is bound to, and what is random in it. */
export interface NtlmAnswerOptions {
  /** NEGOTIATE_MESSAGE as it was sent. */
  readonly negotiate: Buffer
  readonly challenge: NtlmChallenge
  /**
   * The service that we believe to speak to, such as `SMTPSVC/mail.example.com`; without it neither
   * the service nor the binding is told.
   */
  readonly targetName: string | undefined
  /** The application data of `tls-server-end-point` (RFC 5929 §4), over TLS. */
  readonly channelBinding: Buffer | undefined
  /** Eight random bytes. */
  readonly clientNonce: Buffer
  /** For servers that do not tell their time. */
  readonly now: Date
}

/**
 * AUTHENTICATE_MESSAGE ([MS-NLMP] §2.2.1.3) with an NTLMv2 response; the integrity code over all
 * three messages is in it whenever the server tells its time, as all since Windows Server 2008 do.
 */
export function composeAuthenticate(identity: NtlmIdentity, options: NtlmAnswerOptions): Buffer {
  const { challenge, clientNonce, negotiate } = options
  const { user, domain } = identity
  const key = responseKey(identity)
  const timestamp = challenge.target.find(({ id }) => id === ATTRIBUTE.timestamp)?.value
  const blob = composeBlob(timestamp ?? fileTime(options.now), clientNonce, targetOf(options))
  const proof = hmacMd5(key, challenge.nonce, blob)
  const lmResponse =
    timestamp === undefined
      ? Buffer.concat([hmacMd5(key, challenge.nonce, clientNonce), clientNonce])
      : Buffer.alloc(24)
  const message = layOut((challenge.flags & OUR_FLAGS) >>> 0, [
    lmResponse,
    Buffer.concat([proof, blob]),
    utf16(domain),
    utf16(user),
    Buffer.alloc(0),
    Buffer.alloc(0),
  ])
  if (timestamp === undefined) return message
  const sessionKey = sessionBaseKey(key, proof)
  hmacMd5(sessionKey, negotiate, challenge.bytes, message).copy(message, MIC_AT)
  return message
}

const HEADER = 88
const MIC_AT = 72

/** The header and its six fields: LM and NT response, domain, user, workstation, session key. */
function layOut(flags: number, fields: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(HEADER)
  SIGNATURE.copy(header)
  header.writeUInt32LE(3, 8)
  let offset = HEADER
  for (const [index, { length }] of fields.entries()) {
    const at = 12 + index * 8
    header.writeUInt16LE(length, at)
    header.writeUInt16LE(length, at + 2)
    header.writeUInt32LE(offset, at + 4)
    offset += length
  }
  header.writeUInt32LE(flags, 60)
  VERSION.copy(header, 64)
  return Buffer.concat([header, ...fields])
}

/** NTLMv2_CLIENT_CHALLENGE (§2.2.2.7). */
function composeBlob(time: Buffer, nonce: Buffer, target: readonly TargetAttribute[]): Buffer {
  const head = Buffer.from([1, 1, 0, 0, 0, 0, 0, 0])
  const none = Buffer.alloc(4)
  return Buffer.concat([head, time, nonce, none, composeTargetInfo(target), none])
}

/**
 * What the server said of itself, and what it may check of us (§3.1.5.1.2): also when it does not
 * tell its time, which somebody on the way may have taken out.
 */
function targetOf(options: NtlmAnswerOptions): readonly TargetAttribute[] {
  const { challenge, targetName, channelBinding } = options
  const theirs = challenge.target.filter(({ id }) => !OURS.includes(id))
  const flags = challenge.target.find(({ id }) => id === ATTRIBUTE.flags)?.value ?? NO_FLAGS
  const tellsTime = theirs.some(({ id }) => id === ATTRIBUTE.timestamp)
  const attributes = [...theirs]
  if (tellsTime) attributes.push({ id: ATTRIBUTE.flags, value: withIntegrityCode(flags) })
  if (targetName === undefined) return attributes
  return [
    ...attributes,
    { id: ATTRIBUTE.targetName, value: utf16(targetName) },
    { id: ATTRIBUTE.channelBindings, value: bindingHash(channelBinding) },
  ]
}

const OURS: readonly number[] = [ATTRIBUTE.flags, ATTRIBUTE.targetName, ATTRIBUTE.channelBindings]

const NO_FLAGS = Buffer.alloc(4)

/** MsvAvFlags: says besides that the message has an integrity code. */
function withIntegrityCode(flags: Buffer): Buffer {
  const value = Buffer.concat([flags, NO_FLAGS]).subarray(0, 4)
  value.writeUInt8(value.readUInt8(0) | 0x02, 0)
  return value
}

/** MD5 of a gss_channel_bindings_struct (RFC 2744 §3.11); zeros without TLS. */
function bindingHash(applicationData: Buffer | undefined): Buffer {
  if (applicationData === undefined) return Buffer.alloc(16)
  const header = Buffer.alloc(20)
  header.writeUInt32LE(applicationData.length, 16)
  return createHash('md5').update(header).update(applicationData).digest()
}

/** FILETIME: steps of 100 ns since 1601. */
function fileTime(date: Date): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE((BigInt(date.getTime()) + 11_644_473_600_000n) * 10_000n)
  return bytes
}
