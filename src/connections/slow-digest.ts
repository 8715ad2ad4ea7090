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

/** The last answer for each name, beside what it is the answer to. */
export type SlowAnswers<T> = Map<string, { readonly to: string; readonly answer: Promise<T> }>

/** The answer to `to` for `name`, computed once while that is the same; one that failed is forgotten. */
export function answerOnce<T>(
  answers: SlowAnswers<T>,
  name: string,
  to: string,
  compute: () => Promise<T>,
): Promise<T> {
  const known = answers.get(name)
  if (known?.to === to) return known.answer
  const answer = compute()
  answers.set(name, { to, answer })
  answer.catch(() => {
    if (answers.get(name)?.answer === answer) answers.delete(name)
  })
  return answer
}
