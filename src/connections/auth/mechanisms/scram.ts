import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

import type { BasicCredentials } from '../basic.ts'
import { answer, authFault, refuse } from '../mechanism.ts'
import type { Answer, Mechanism } from '../mechanism.ts'

const KEY_BYTES = 32
/** RFC 7677 §4 demands 4,096; a server must not keep us busy for long either. */
const MIN_ITERATIONS = 4096
const MAX_ITERATIONS = 2_000_000
/** "n": no channel binding. */
const GS2_HEADER = 'n,,'

export interface ScramOptions {
  /** Ours of the two nonces; random by default. */
  readonly nonce?: string
}

/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): neither side shows the password, and the server proves that it
 * knows it; without that proof its yes is not believed.
 */
export function scramSha256(
  { user, password }: BasicCredentials,
  { nonce = randomBytes(18).toString('base64') }: ScramOptions = {},
): Mechanism {
  let firstBare = ''
  let expected: Buffer | undefined
  let isProven = false

  const proveUs = async (text: string): Promise<Answer> => {
    const first = parseServerFirst(text, nonce)
    if (typeof first === 'string') return refuse(first)
    const withoutProof = `c=${base64(GS2_HEADER)},r=${first.nonce}`
    const signed = `${firstBare},${text},${withoutProof}`
    const secret = await prepared(password.reveal())
    if (secret === undefined) return refuse(NOT_ALLOWED)
    const salted = await derive(secret, first.salt, first.iterations, KEY_BYTES, 'sha256')
    const clientKey = hmac(salted, 'Client Key')
    const signature = hmac(createHash('sha256').update(clientKey).digest(), signed)
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))
    expected = hmac(hmac(salted, 'Server Key'), signed)
    return answer(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`)
  }
  const believe = (text: string, signature: Buffer): Answer => {
    const given = Buffer.from(attributesOf(text).get('v') ?? '', 'base64')
    isProven = given.length === signature.length && timingSafeEqual(given, signature)
    // What the server says instead, such as "e=invalid-proof", comes again as its reply.
    return answer('')
  }

  return {
    name: 'SCRAM-SHA-256',
    begin: async () => {
      const name = await prepared(user.reveal())
      if (name === undefined) return refuse(NOT_ALLOWED)
      firstBare = `n=${escapeName(name)},r=${nonce}`
      return answer(`${GS2_HEADER}${firstBare}`)
    },
    respond: (challenge) => {
      const text = challenge.toString()
      return expected === undefined ? proveUs(text) : believe(text, expected)
    },
    end: () =>
      isProven
        ? undefined
        : authFault('the server did not prove that it knows the password: it may be another one'),
  }
}

const NOT_ALLOWED =
  'user or password hold a character that SCRAM does not allow (RFC 4013): use `mechanism: "PLAIN"`'

const derive = promisify(pbkdf2)

interface ServerFirst {
  readonly nonce: string
  readonly salt: Buffer
  readonly iterations: number
}

/** What the server asks for, or what is wrong with it. */
function parseServerFirst(text: string, ours: string): ServerFirst | string {
  const attributes = attributesOf(text)
  if (attributes.has('m')) return 'the server demands an extension of SCRAM that is not known'
  const nonce = attributes.get('r') ?? ''
  const salt = Buffer.from(attributes.get('s') ?? '', 'base64')
  const iterations = Number(attributes.get('i'))
  if (!nonce.startsWith(ours) || nonce.length === ours.length || salt.length === 0) {
    return 'what the server answered is not SCRAM-SHA-256'
  }
  const isInRange = iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS
  if (!Number.isInteger(iterations) || !isInRange) {
    return (
      `expected ${MIN_ITERATIONS} to ${MAX_ITERATIONS} iterations in SCRAM-SHA-256, ` +
      `the server demands ${Number.isInteger(iterations) ? iterations : 'something else'}`
    )
  }
  return { nonce, salt, iterations }
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  return new Map(text.split(',').map((attribute) => [attribute.slice(0, 1), attribute.slice(2)]))
}

/** RFC 5802 §5.1: what separates attributes is written in another way. */
function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

/** SASLprep (RFC 4013), so that each way to write a letter is the same password; if it may be. */
async function prepared(text: string): Promise<string | undefined> {
  // Whoever logs in by other mechanisms does not pay for its tables.
  const { default: saslprep } = await import('@mongodb-js/saslprep')
  try {
    return saslprep(text, { allowUnassigned: true })
  } catch {
    return undefined
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
