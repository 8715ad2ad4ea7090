import { createHmac } from 'node:crypto'

import { answerOnce, slowDigest, type SlowAnswers } from './slow-digest.ts'

/** What tells one resolved manager from another. */
export interface DigestFacts {
  /** All of them, secrets included. */
  readonly facts: unknown
  /** Whether somebody who guesses the rest could try passwords against the digest. */
  readonly holdsSecret: boolean
}

/**
 * The last digest of each name: what has not changed is not computed again.
 *
 * Without a key a digest takes 20 ms on purpose, and workers resolve their managers often.
 */
export type DigestMemory = SlowAnswers<string>

const DIGITS = 32
const NO_KEY = 'mailroom/connections'

/**
 * Digests `facts` to 32 hexadecimal digits. Whoever does not have `key` cannot try passwords against
 * it; when there is none, each try is made slow.
 */
export async function digestOf(
  name: string,
  { facts, holdsSecret }: DigestFacts,
  key: string | undefined,
  memory: DigestMemory,
): Promise<string> {
  const quick = createHmac('sha256', key ?? NO_KEY)
    .update(JSON.stringify(facts))
    .digest('hex')
  if (key !== undefined || !holdsSecret) return quick.slice(0, DIGITS)
  return answerOnce(memory, name, quick, () => stretched(quick))
}

async function stretched(text: string): Promise<string> {
  return (await slowDigest(text, NO_KEY, DIGITS / 2)).toString('hex')
}
