const CR = 13
const LF = 10
const DOT = 46

const AFTER_LINE = Buffer.from('.\r\n')
const INSIDE_LINE = Buffer.from('\r\n.\r\n')

/**
 * The bytes from `start` to `end` of a message as they go over the wire after 354: every line ends
 * in CRLF, and a dot that starts a line is doubled (RFC 5321 §4.5.2, §2.3.8).
 *
 * Slices of one body joined are the whole of it. A slice that needs no change is not copied.
 */
export function encodeBody(body: Buffer, start = 0, end = body.length): Buffer {
  return encodeSlice(body.subarray(start, end), body[start - 1], body[end])
}

/** The final dot of `body`, with the line break before it where the body does not end in one. */
export function finalDot(body: Buffer): Buffer {
  return dotAfter(body.at(-1))
}

/** A message on its way over the wire, in pieces of any size. */
export interface BodyEncoder {
  /** What `encodeBody` makes of this piece; a CR at its end is kept back. */
  push(piece: Buffer): Buffer
  /** The same for a piece of which is known that it begins a line or goes on in one, and needs no change. */
  pass(piece: Buffer): Buffer
  /** What was kept back, and the final dot. */
  end(): Buffer
}

/** Begins to encode a message that comes in pieces. */
export function createBodyEncoder(): BodyEncoder {
  let before: number | undefined
  let heldBack = false
  const push = (given: Buffer): Buffer => {
    if (given.length === 0) return given
    const piece = heldBack ? Buffer.concat([Buffer.of(CR), given]) : given
    // Whether a CR needs an LF is known when the next piece comes.
    heldBack = piece.at(-1) === CR
    const slice = heldBack ? piece.subarray(0, -1) : piece
    const encoded = encodeSlice(slice, before, heldBack ? CR : undefined)
    before = slice.at(-1) ?? before
    return encoded
  }
  return {
    push,
    pass: (piece) => {
      const last = piece.at(-1)
      if (heldBack || last === CR) return push(piece)
      before = last ?? before
      return piece
    },
    end: () => (heldBack ? INSIDE_LINE : dotAfter(before)),
  }
}

function dotAfter(last: number | undefined): Buffer {
  return last === undefined || last === LF || last === CR ? AFTER_LINE : INSIDE_LINE
}

/** `before` and `after` are the bytes around the slice; absent at the ends of the message. */
function encodeSlice(slice: Buffer, before: number | undefined, after: number | undefined): Buffer {
  return isWireForm(slice, before, after) ? slice : rewrite(slice, before, after)
}

/** Two searches a line in native code: a fifth of the time of a look at every byte. */
function isWireForm(slice: Buffer, before: number | undefined, after: number | undefined): boolean {
  if (slice[0] === DOT && startsLine(before)) return false
  let from = 0
  if (slice[0] === LF && before === CR) {
    if (slice[1] === DOT) return false
    from = 1
  }
  for (;;) {
    const feed = slice.indexOf(LF, from)
    const carriage = slice.indexOf(CR, from)
    if (feed === -1) return carriage === -1 || (carriage === slice.length - 1 && after === LF)
    if (carriage === -1 || carriage !== feed - 1 || slice[feed + 1] === DOT) return false
    from = feed + 1
  }
}

function startsLine(before: number | undefined): boolean {
  return before === undefined || before === LF || before === CR
}

function rewrite(slice: Buffer, before: number | undefined, after: number | undefined): Buffer {
  // Every byte becomes two at most.
  const wire = Buffer.allocUnsafe(slice.length * 2)
  let length = 0
  let last = before
  for (let at = 0; at < slice.length; at++) {
    const byte = slice[at] ?? 0
    const next = at + 1 < slice.length ? slice[at + 1] : after
    if (byte === LF && last !== CR) wire[length++] = CR
    if (byte === DOT && startsLine(last)) wire[length++] = DOT
    wire[length++] = byte
    if (byte === CR && next !== LF) wire[length++] = LF
    last = byte
  }
  return wire.subarray(0, length)
}
