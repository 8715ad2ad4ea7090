import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

/** What a text is sealed with and for; whoever has another secret cannot open it, nor elsewhere. */
export interface Seal {
  /** Only those who may open it know it; long enough that nobody guesses it. */
  readonly secret: string
  /** Where it lies: it opens nowhere else. */
  readonly place: readonly string[]
}

const CIPHER = 'aes-256-gcm'
const PURPOSE = 'mailroom/sealed-text'
const VERSION = '1'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Encrypts `text` (AES-256-GCM, under a key that HKDF makes of the secret for this place). */
export function sealText(text: string, seal: Seal): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, keyOf(seal), nonce)
  cipher.setAAD(placeOf(seal))
  const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return `${VERSION}.${Buffer.concat(sealed).toString('base64url')}`
}

/** What `sealText` sealed in the same way; undefined for anything else. */
export function openText(sealed: string, seal: Seal): string | undefined {
  const [version, body = '', ...rest] = sealed.split('.')
  const bytes = Buffer.from(body, 'base64url')
  const isOurs = version === VERSION && rest.length === 0
  if (!isOurs || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
  const end = bytes.length - TAG_BYTES
  const decipher = createDecipheriv(CIPHER, keyOf(seal), bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(placeOf(seal))
  decipher.setAuthTag(bytes.subarray(end))
  const text = decipher.update(bytes.subarray(NONCE_BYTES, end))
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

function keyOf(seal: Seal): Buffer {
  const info = createHash('sha256').update(placeOf(seal)).digest()
  return Buffer.from(hkdfSync('sha256', seal.secret, PURPOSE, info, KEY_BYTES))
}

function placeOf({ place }: Seal): Buffer {
  return Buffer.from(JSON.stringify(place))
}
