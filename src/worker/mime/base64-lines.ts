/** What becomes a line of base64 (RFC 2045 §6.8). */
export const LINE_BYTES = 57

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PADDING = '='.charCodeAt(0)

/** The two characters that twelve bits become, as one number: half as many writes. */
const PAIRS = Uint16Array.from({ length: 4096 }, (_, bits) =>
  pairOf(ALPHABET[bits >> 6] ?? 0, ALPHABET[bits & 63] ?? 0),
)
const LINE_END = pairOf(13, 10)
const PADDING_PAIR = pairOf(PADDING, PADDING)

/** How many bytes `encodeLines` makes of so many. */
export function encodedLength(bytes: number): number {
  const lines = Math.ceil(bytes / LINE_BYTES)
  return Math.ceil(bytes / 3) * 4 + Math.max(0, lines - 1) * 2
}

/** Makes a place for what `encodeLines` makes of up to so many bytes. */
export function roomFor(bytes: number): Uint16Array<ArrayBuffer> {
  // Lines and their ends have even lengths.
  return new Uint16Array(Buffer.allocUnsafeSlow(encodedLength(bytes) + 2).buffer)
}

/**
 * Base64 in lines of 76 characters, the last one without its end; with `isNext` it begins by ending
 * the line before. It lies in `pairs`, a `roomFor` so many bytes, until that is used again. No strings
 * are made on the way: megabytes of them would be garbage at once.
 */
export function encodeLines(
  bytes: Buffer,
  isNext: boolean,
  pairs: Uint16Array<ArrayBuffer>,
): Buffer {
  let at = 0
  for (let line = 0; line < bytes.length; line += LINE_BYTES) {
    if (line > 0 || isNext) pairs[at++] = LINE_END
    at = encodeLine(bytes, line, Math.min(line + LINE_BYTES, bytes.length), pairs, at)
  }
  return Buffer.from(pairs.buffer, 0, at * 2)
}

function encodeLine(
  bytes: Buffer,
  start: number,
  end: number,
  pairs: Uint16Array,
  to: number,
): number {
  let at = to
  let from = start
  for (; from + 2 < end; from += 3) {
    const bits = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    pairs[at] = PAIRS[bits >> 12] ?? 0
    pairs[at + 1] = PAIRS[bits & 4095] ?? 0
    at += 2
  }
  if (from === end) return at
  const hasTwo = end - from === 2
  const bits = ((bytes[from] ?? 0) << 16) | (hasTwo ? (bytes[from + 1] ?? 0) << 8 : 0)
  pairs[at++] = PAIRS[bits >> 12] ?? 0
  pairs[at++] = hasTwo ? pairOf(ALPHABET[(bits >> 6) & 63] ?? 0, PADDING) : PADDING_PAIR
  return at
}

/** Two characters as they lie in memory, whatever order this machine has for the bytes of a number. */
function pairOf(first: number, second: number): number {
  return new Uint16Array(Uint8Array.of(first, second).buffer)[0] ?? 0
}
