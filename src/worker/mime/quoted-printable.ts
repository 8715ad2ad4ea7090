/** What a line may have at most, a soft line break included (RFC 2045 §6.7). */
const LINE_LENGTH = 76
const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const EQUALS = 0x3d
const HEX = Buffer.from('0123456789ABCDEF')

/** 1 for what stands for itself, white space only as long as something follows on its line. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === TAB || (byte >= SPACE && byte < 0x7f && byte !== EQUALS) ? 1 : 0,
)

/** Text, which has CRLF as its line breaks, as quoted-printable. */
export function toQuotedPrintable(text: string): string {
  const bytes = Buffer.from(text)
  // At worst every byte takes three, and every line of 25 such bytes a soft break of three.
  const encoded = Buffer.allocUnsafe(bytes.length * 4 + 3)
  let size = 0
  // From here on only the last character of a line fits.
  let full = LINE_LENGTH - 1
  for (let at = 0; at < bytes.length;) {
    const stop = Math.min(bytes.length, at + full - size)
    while (at < stop) {
      const byte = bytes[at] ?? 0
      if (IS_PLAIN[byte] !== 1) break
      encoded[size++] = byte
      at += 1
    }
    if (at === bytes.length) break
    const byte = bytes[at] ?? 0
    if (byte === CR) {
      size = endLine(encoded, size, full)
      encoded[size++] = CR
      encoded[size++] = LF
      full = size + LINE_LENGTH - 1
      at += 2
      continue
    }
    const isPlain = IS_PLAIN[byte] === 1
    const endsLine = at + 1 === bytes.length || bytes[at + 1] === CR
    if (size + (isPlain ? 1 : 3) > full + (endsLine ? 1 : 0)) {
      size = breakLine(encoded, size)
      full = size + LINE_LENGTH - 1
    }
    if (isPlain) encoded[size++] = byte
    else size = writeCoded(encoded, size, byte)
    at += 1
  }
  return encoded.toString('latin1', 0, endLine(encoded, size, full))
}

/** White space at the end of a line would be lost on the way. */
function endLine(encoded: Buffer, size: number, full: number): number {
  const last = size === 0 ? 0 : (encoded[size - 1] ?? 0)
  if (last !== SPACE && last !== TAB) return size
  // Its three characters take the place of one.
  const isLong = size + 2 > full + 1
  return writeCoded(encoded, isLong ? breakLine(encoded, size - 1) : size - 1, last)
}

function breakLine(encoded: Buffer, size: number): number {
  encoded[size] = EQUALS
  encoded[size + 1] = CR
  encoded[size + 2] = LF
  return size + 3
}

function writeCoded(encoded: Buffer, size: number, byte: number): number {
  encoded[size] = EQUALS
  encoded[size + 1] = HEX[byte >> 4] ?? 0
  encoded[size + 2] = HEX[byte & 15] ?? 0
  return size + 3
}
