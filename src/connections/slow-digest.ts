import { scrypt } from 'node:crypto'

/** 8 MiB and about 20 ms for each guess. */
const COST = { N: 2 ** 13, r: 8, p: 1 }

/** Digests `text` for `purpose` to `length` bytes, slowly: what it was cannot be tried out quickly. */
export function slowDigest(text: string, purpose: string, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(text, purpose, length, COST, (error, derived) => {
      if (error) reject(error)
      else resolve(derived)
    })
  })
}
