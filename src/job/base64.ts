/** One class of characters and a bounded end, so that megabytes are looked at once. */
const SHAPE = /^[A-Za-z\d+/]*={0,2}$/

/** Whether `text` is base64 as `Buffer` writes it (RFC 4648 §4), without line breaks. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && SHAPE.test(text)
}

/** The base64 of `bytes`, without a copy of them. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
