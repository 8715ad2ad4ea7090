/** Every rule for the bytes of a message that these break, in words; empty when there is none. */
export function brokenRules(bytes: Buffer, mayHaveUtf8Headers: boolean): readonly string[] {
  const text = bytes.toString('latin1')
  const lines = text.split('\r\n')
  return [
    ...(text.endsWith('\r\n') ? [] : ['the last line has no end']),
    ...(/\r(?!\n)|(?<!\r)\n/.test(text) ? ['a CR or LF stands alone (RFC 5322 §2.3)'] : []),
    ...(/[^\t\r\n -\u007E\u0080-\u00FF]/.test(text) ? ['a control character'] : []),
    ...(lines.some(({ length }) => length > 998) ? ['a line over 998 (RFC 5322 §2.1.1)'] : []),
    ...(mayHaveUtf8Headers || !/[\u0080-\u00FF]/.test(text) ? [] : ['8 bits unasked for']),
    ...headLines(lines).flatMap((line) => brokenByHeader(line)),
    ...longEncodedLines(text),
  ]
}

/** The lines of all headers, those of parts too: whatever comes before an empty line or after a boundary. */
function headLines(lines: readonly string[]): readonly string[] {
  let isHead = true
  return lines.filter((line) => {
    const isHeadLine = isHead && line !== ''
    if (line.startsWith('--=_')) isHead = true
    else if (line === '') isHead = false
    return isHeadLine
  })
}

function brokenByHeader(line: string): readonly string[] {
  const words = [...line.matchAll(/=\?([^?]+)\?([BQ])\?([^?]*)\?=/gi)]
  // Octets count for the limit of 998, and characters for that of 78 (RFC 6532 §3.4).
  const { length } = Buffer.from(line, 'latin1').toString()
  return [
    ...(/^[ \t]*$/.test(line) ? ['a header line of white space (RFC 5322 §3.2.2)'] : []),
    ...(/^(?:[!-9;-~]+:|[ \t])/.test(line) ? [] : ['a header line without a name']),
    ...(length > 78 && /\S[ \t]\S/.test(line.replace(/^[!-9;-~]+: ?|^[ \t]+/, ''))
      ? [`a header line that could be folded has ${length} (RFC 5322 §2.1.1)`]
      : []),
    ...(words.length > 0 && length > 76 ? ['a line with encoded words over 76 (RFC 2047 §2)'] : []),
    ...words.flatMap(([word, , encoding = '', encoded = '']) => [
      ...(word.length > 75 ? ['an encoded word over 75 (RFC 2047 §2)'] : []),
      ...(isWholeUtf8(encoding, encoded) ? [] : ['a character in two encoded words (RFC 2047 §5)']),
    ]),
  ]
}

function isWholeUtf8(encoding: string, encoded: string): boolean {
  const bytes = /b/i.test(encoding)
    ? Buffer.from(encoded, 'base64')
    : Buffer.from(
        encoded
          .replaceAll('_', ' ')
          .replaceAll(/=([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
        'latin1',
      )
  return Buffer.from(bytes.toString()).equals(bytes)
}

/** Parts that are encoded have short lines, white space at the end of none (RFC 2045 §6.7, §6.8). */
function longEncodedLines(text: string): readonly string[] {
  const problems: string[] = []
  let isEncoded = false
  let isBody = false
  for (const line of text.split('\r\n')) {
    if (line.startsWith('--=_')) [isBody, isEncoded] = [false, false]
    else if (!isBody && /^Content-Transfer-Encoding: (?:base64|quoted-printable)$/.test(line)) {
      isEncoded = true
    } else if (line === '') isBody = true
    else if (isBody && isEncoded) {
      if (line.length > 76) problems.push('an encoded line over 76 (RFC 2045 §6.7)')
      if (/[ \t]$/.test(line)) problems.push('white space at the end of an encoded line')
    }
  }
  return problems
}
