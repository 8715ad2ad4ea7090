import { FLAG, SIGNATURE } from './negotiate.ts'
import { parseTargetInfo } from './target-info.ts'
import type { TargetAttribute } from './target-info.ts'

/** What the server asks ([MS-NLMP] §2.2.1.2). */
export interface NtlmChallenge {
  readonly flags: number
  /** Eight bytes. */
  readonly nonce: Buffer
  readonly target: readonly TargetAttribute[]
  /** As it came: the integrity code covers it. */
  readonly bytes: Buffer
}

const HEADER = 48

/** Whether these bytes are a message of NTLM at all. */
export function isNtlm(bytes: Buffer): boolean {
  return bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)
}

/** Why a challenge gets no answer. */
export interface BadChallenge {
  readonly problem: string
  /** For programs. */
  readonly cause: 'NTLM_V1' | 'NTLM_CHALLENGE'
}

/**
 * Reads CHALLENGE_MESSAGE, or says what is wrong with it. A server that speaks of no target can only
 * do NTLMv1, which gives the password to whoever listens: it gets no answer.
 */
export function parseChallenge(bytes: Buffer): NtlmChallenge | BadChallenge {
  if (!isNtlm(bytes) || bytes.length < 32 || bytes.readUInt32LE(8) !== 2) {
    return bad('what the server answered is no challenge of NTLM')
  }
  const flags = bytes.readUInt32LE(20)
  const length = bytes.length < HEADER ? 0 : bytes.readUInt16LE(40)
  const start = bytes.length < HEADER ? 0 : bytes.readUInt32LE(44)
  if ((flags & FLAG.targetInfo) === 0 || length === 0) return ONLY_V1
  if (start + length > bytes.length) return bad('the challenge of NTLM is cut short')
  if ((flags & FLAG.unicode) === 0) return bad('the server does not speak Unicode in NTLM')
  return {
    flags,
    nonce: bytes.subarray(24, 32),
    target: parseTargetInfo(bytes.subarray(start, start + length)),
    bytes,
  }
}

const ONLY_V1: BadChallenge = {
  problem:
    'the server can only do NTLMv1, which is not safe and is never spoken: use Kerberos, or another server',
  cause: 'NTLM_V1',
}

function bad(problem: string): BadChallenge {
  return { problem, cause: 'NTLM_CHALLENGE' }
}
