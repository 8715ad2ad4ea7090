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
  const slice = body.subarray(start, end)
  return isWireForm(body, start, slice) ? slice : rewrite(body, start, end)
}

/** The final dot of `body`, with the line break before it where the body does not end in one. */
export function finalDot(body: Buffer): Buffer {
  const last = body.at(-1)
  return last === undefined || last === LF || last === CR ? AFTER_LINE : INSIDE_LINE
}

/** Two searches a line in native code: a fifth of the time of a look at every byte. */
function isWireForm(body: Buffer, start: number, slice: Buffer): boolean {
  if (slice[0] === DOT && startsLine(body, start)) return false
  let from = 0
  if (slice[0] === LF && body[start - 1] === CR) {
    if (slice[1] === DOT) return false
    from = 1
  }
  for (;;) {
    const feed = slice.indexOf(LF, from)
    const carriage = slice.indexOf(CR, from)
    if (feed === -1) {
      return carriage === -1 || (carriage === slice.length - 1 && body[start + carriage + 1] === LF)
    }
    if (carriage === -1 || carriage !== feed - 1 || slice[feed + 1] === DOT) return false
    from = feed + 1
  }
}

function startsLine(body: Buffer, at: number): boolean {
  const before = body[at - 1]
  return before === undefined || before === LF || before === CR
}

function rewrite(body: Buffer, start: number, end: number): Buffer {
  // Every byte becomes two at most.
  const wire = Buffer.allocUnsafe((end - start) * 2)
  let length = 0
  for (let at = start; at < end; at++) {
    const byte = body[at] ?? 0
    if (byte === LF && body[at - 1] !== CR) wire[length++] = CR
    if (byte === DOT && startsLine(body, at)) wire[length++] = DOT
    wire[length++] = byte
    if (byte === CR && body[at + 1] !== LF) wire[length++] = LF
  }
  return wire.subarray(0, length)
}
