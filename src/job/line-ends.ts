const CR = 13

/** Makes every line of what passes by end in CRLF, in pieces of any size. */
export interface LineEnds {
  push(chunk: Uint8Array): Buffer
  /** What was kept back. */
  end(): Buffer
}

/** Begins to mend line ends: CR and LF without the other become CRLF, nothing else changes. */
export function createLineEnds(): LineEnds {
  let heldBack = false
  return {
    push: (chunk) => {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      if (bytes.length === 0) return bytes
      // Whether a CR at the end is alone is known when the next piece comes.
      const ends = bytes.at(-1) === CR
      const text = `${heldBack ? '\r' : ''}${bytes.toString('latin1', 0, bytes.length - (ends ? 1 : 0))}`
      heldBack = ends
      return Buffer.from(text.replaceAll(/\r\n?|\n/g, '\r\n'), 'latin1')
    },
    end: () => Buffer.from(heldBack ? '\r\n' : ''),
  }
}

/** `bytes` with all its lines ended by CRLF. */
export function mendLineEnds(bytes: Uint8Array): Buffer {
  const ends = createLineEnds()
  return Buffer.concat([ends.push(bytes), ends.end()])
}
