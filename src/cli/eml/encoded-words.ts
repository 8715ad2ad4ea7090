const WORD = /=\?([^?\s*]+)(?:\*[^?]*)?\?([BQ])\?([^?\s]*)\?=/gi
const BETWEEN_WORDS = /(\?=)\s+(?==\?[^?\s]+\?[BQ]\?)/gi

/** The text that a header field shows, its encoded words (RFC 2047) decoded. */
export function decodeWords(value: string): string {
  return joinSplitCharacters(value.replaceAll(BETWEEN_WORDS, '$1')).replaceAll(
    WORD,
    (word, charset: string, encoding: string, text: string) =>
      decodeBytes(bytesOf(encoding, text), charset) ?? word,
  )
}

/**
 * Two words with the same charset, both in Base64, may share a character between them, which the
 * standard forbids and real senders do: their bytes are joined before they are decoded.
 */
function joinSplitCharacters(value: string): string {
  return value.replaceAll(/(?:=\?([^?\s]+)\?B\?[^?\s]*\?=){2,}/gi, (run) => {
    const words = [...run.matchAll(WORD)]
    const charsets = new Set(words.map(([, charset]) => charset?.toLowerCase()))
    const [charset] = charsets
    if (charsets.size !== 1 || charset === undefined) return run
    const bytes = Buffer.concat(words.map(([, , , text]) => Buffer.from(text ?? '', 'base64')))
    return `=?${charset}?B?${bytes.toString('base64')}?=`
  })
}

function bytesOf(encoding: string, text: string): Buffer {
  return encoding.toUpperCase() === 'B'
    ? Buffer.from(text, 'base64')
    : decodeQuotedPrintable(text.replaceAll('_', ' '))
}

/** The bytes that a quoted-printable text stands for (RFC 2045 §6.7); what is malformed stays as it is. */
export function decodeQuotedPrintable(text: string): Buffer {
  const joined = text.replaceAll(/[ \t]+(?=\r?\n|$)/g, '').replaceAll(/=\r?\n/g, '')
  const bytes = joined.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1')
}

/** The text of `bytes` in `charset`; undefined for a charset that nobody knows. */
export function decodeBytes(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return undefined
  }
}
