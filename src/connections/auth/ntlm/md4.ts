/**
 * The MD4 digest of `message` (RFC 1320), 16 bytes.
 *
 * Here because NTLM derives its key by it and OpenSSL 3 does not give it any more. Worth nothing as
 * a digest otherwise.
 */
export function md4(message: Buffer): Buffer {
  const state = Int32Array.of(0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476)
  const padded = pad(message)
  for (let start = 0; start < padded.length; start += 64) {
    mix(
      state,
      Array.from({ length: 16 }, (_, word) => padded.readInt32LE(start + word * 4)),
    )
  }
  const digest = Buffer.alloc(16)
  for (const [index, word] of state.entries()) digest.writeInt32LE(word, index * 4)
  return digest
}

/** RFC 1320 §3.1 and §3.2: a one bit, zeros, and the length in bits. */
function pad(message: Buffer): Buffer {
  const padded = Buffer.alloc(Math.ceil((message.length + 9) / 64) * 64)
  message.copy(padded)
  padded[message.length] = 0x80
  padded.writeBigUInt64LE(BigInt(message.length) * 8n, padded.length - 8)
  return padded
}

interface Round {
  readonly mixes: (b: number, c: number, d: number) => number
  readonly constant: number
  /** Which word each of the sixteen steps takes. */
  readonly order: readonly number[]
  readonly shifts: readonly number[]
}

/** RFC 1320 §3.4. */
const ROUNDS: readonly Round[] = [
  {
    mixes: (b, c, d) => (b & c) | (~b & d),
    constant: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mixes: (b, c, d) => (b & c) | (b & d) | (c & d),
    constant: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mixes: (b, c, d) => b ^ c ^ d,
    constant: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
]

function mix(state: Int32Array, words: readonly number[]): void {
  let [a = 0, b = 0, c = 0, d = 0] = state
  for (const { mixes, constant, order, shifts } of ROUNDS) {
    for (const [step, word] of order.entries()) {
      const sum = (a + mixes(b, c, d) + (words[word] ?? 0) + constant) | 0
      const shift = shifts[step % 4] ?? 0
      ;[a, d, c, b] = [d, c, b, (sum << shift) | (sum >>> (32 - shift))]
    }
  }
  for (const [index, word] of [a, b, c, d].entries()) state[index] = (state[index] ?? 0) + word
}
