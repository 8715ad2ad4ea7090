import { isAscii } from 'node:buffer'

import { UnsendableRawError } from './errors.ts'
import { MAX_RAW_HEADER_BYTES } from './limits.ts'
import { findAuthorDomains } from './raw-authors.ts'

/** What is said about a raw message on its way, beside its bytes. */
export interface RawFacts {
  readonly bytes: number
  /** Where it needs more than ASCII: `headers` asks the server for SMTPUTF8, `body` for 8BITMIME. */
  readonly eightBit?: 'body' | 'headers'
  /** Of all its authors; absent when it does not say whose it is. */
  readonly authorDomains?: readonly string[]
  /** Its own Message-ID, with angle brackets, if it has one that can be read. */
  readonly messageId?: string
}

/** Looks at a raw message while it passes by, in pieces of any size. */
export interface RawScan {
  /** Throws `UnsendableRawError` for the first thing that would not arrive byte for byte. */
  push(chunk: Uint8Array): void
  end(): RawFacts
}

interface State {
  /** Bytes of the pieces before this one. */
  offset: number
  lineStart: number
  last: number
  header: Buffer[]
  headerBytes: number
  isHeader: boolean
  isEightBit: boolean
}

const NUL = 0
const CR = 13
const LF = 10

/**
 * Begins to look at a raw message (RFC 5322 §2, RFC 5321 §2.3.8).
 *
 * Lines of more than 998 octets pass: real mail has them, and most servers take them.
 */
export function createRawScan(): RawScan {
  const state: State = {
    offset: 0,
    lineStart: 0,
    last: LF,
    header: [],
    headerBytes: 0,
    isHeader: true,
    isEightBit: false,
  }
  return {
    push: (chunk) => {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      if (bytes.length > 0) look(state, bytes)
    },
    end: () => finish(state),
  }
}

/** What a raw message that is in memory says about itself. Throws `UnsendableRawError`. */
export function scanRaw(bytes: Uint8Array): RawFacts {
  const scan = createRawScan()
  scan.push(bytes)
  return scan.end()
}

function look(state: State, chunk: Buffer): void {
  const { offset } = state
  const nul = chunk.indexOf(NUL)
  if (nul !== -1) throw new UnsendableRawError('nul', offset + nul)
  if (state.last === CR && chunk[0] !== LF) throw new UnsendableRawError('bare-cr', offset - 1)
  let headerEnd = state.isHeader ? chunk.length : 0
  for (let from = 0; ;) {
    const feed = chunk.indexOf(LF, from)
    const carriage = chunk.indexOf(CR, from)
    if (carriage !== -1 && carriage + 1 !== feed && carriage + 1 !== chunk.length) {
      if (feed === -1 || carriage < feed) throw new UnsendableRawError('bare-cr', offset + carriage)
    }
    if (feed === -1) break
    const before = feed === 0 ? state.last : chunk[feed - 1]
    if (before !== CR) throw new UnsendableRawError('bare-lf', offset + feed)
    if (state.isHeader && offset + feed - 1 === state.lineStart) {
      state.isHeader = false
      headerEnd = feed + 1
    }
    state.lineStart = offset + feed + 1
    from = feed + 1
  }
  keepHeader(state, chunk.subarray(0, headerEnd))
  state.isEightBit ||= !isAscii(chunk.subarray(headerEnd))
  state.last = chunk.at(-1) ?? state.last
  state.offset += chunk.length
}

function keepHeader(state: State, part: Buffer): void {
  if (part.length === 0) return
  state.headerBytes += part.length
  if (state.headerBytes > MAX_RAW_HEADER_BYTES) {
    throw new UnsendableRawError('long-header', MAX_RAW_HEADER_BYTES)
  }
  // The piece may be a view of a buffer that its owner fills again.
  state.header.push(Buffer.from(part))
}

function finish({ offset, last, header, isEightBit }: State): RawFacts {
  if (last === CR) throw new UnsendableRawError('bare-cr', offset - 1)
  const block = Buffer.concat(header)
  const text = block.toString('latin1')
  if (!/^[!-9;-~]+[ \t]*:/.test(text)) throw new UnsendableRawError('no-header', 0)
  const messageId = /^message-id:\s*(<[!-;=?-~]{1,900}>)[ \t]*$/im.exec(unfold(text))?.[1]
  const authorDomains = findAuthorDomains(unfold(block.toString('utf8')))
  const eightBit = isAscii(block) ? (isEightBit ? 'body' : undefined) : 'headers'
  return {
    bytes: offset,
    ...(eightBit === undefined ? {} : { eightBit }),
    ...(authorDomains === undefined ? {} : { authorDomains }),
    ...(messageId === undefined ? {} : { messageId }),
  }
}

function unfold(header: string): string {
  return header.replaceAll(/\r\n[ \t]+/g, ' ').replaceAll('\r\n', '\n')
}
