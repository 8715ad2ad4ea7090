/** What becomes a line of base64 (RFC 2045 §6.8). */
export const LINE_BYTES = 57

const CR = 13
const LF = 10
const PADDING = 61
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')

/** The two characters that twelve bits become, as they lie in memory. */
const PAIRS = Buffer.alloc(8192)
for (let bits = 0; bits < 4096; bits++) {
  PAIRS[bits * 2] = ALPHABET[bits >> 6] ?? 0
  PAIRS[bits * 2 + 1] = ALPHABET[bits & 63] ?? 0
}

/** How many bytes `encodeLines` makes of so many. */
export function encodedLength(bytes: number): number {
  const lines = Math.ceil(bytes / LINE_BYTES)
  return Math.ceil(bytes / 3) * 4 + Math.max(0, lines - 1) * 2
}

/**
 * Base64 in lines of 76 characters, the last one without its end; with `isNext` it begins by ending
 * the line before. No strings are made on the way: megabytes of them would be garbage at once.
 */
export function encodeLines(bytes: Buffer, isNext: boolean): Buffer {
  const out = Buffer.allocUnsafeSlow(encodedLength(bytes.length) + (isNext ? 2 : 0))
  let at = 0
  for (let line = 0; line < bytes.length; line += LINE_BYTES) {
    if (line > 0 || isNext) {
      out[at++] = CR
      out[at++] = LF
    }
    at = encodeLine(bytes, line, Math.min(line + LINE_BYTES, bytes.length), out, at)
  }
  return out
}

function encodeLine(bytes: Buffer, start: number, end: number, out: Buffer, to: number): number {
  let at = to
  let from = start
  for (; from + 2 < end; from += 3) {
    const bits = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    const high = (bits >> 12) * 2
    const low = (bits & 4095) * 2
    out[at] = PAIRS[high] ?? 0
    out[at + 1] = PAIRS[high + 1] ?? 0
    out[at + 2] = PAIRS[low] ?? 0
    out[at + 3] = PAIRS[low + 1] ?? 0
    at += 4
  }
  if (from === end) return at
  const left = end - from
  const bits = ((bytes[from] ?? 0) << 16) | (left === 2 ? (bytes[from + 1] ?? 0) << 8 : 0)
  out[at++] = ALPHABET[bits >> 18] ?? 0
  out[at++] = ALPHABET[(bits >> 12) & 63] ?? 0
  out[at++] = left === 2 ? (ALPHABET[(bits >> 6) & 63] ?? 0) : PADDING
  out[at++] = PADDING
  return at
}
