import { createHash, hkdfSync } from 'node:crypto'

import type { TokenPlace } from '../connections/auth/oauth2/token-shelf.ts'
import { answerOnce, slowDigest, type SlowAnswers } from '../connections/slow-digest.ts'
import type { Seal } from './sealed-text.ts'
import type { TokenKey } from './token-records.ts'

/** Where in the store the text of a place lies, and what it is sealed with. */
export interface KeptPlace {
  readonly key: TokenKey
  readonly seal: Seal
  /** Names the place among all of the store. */
  readonly name: string
}

export interface TokenPlaces {
  of(place: TokenPlace): Promise<KeptPlace>
}

const PURPOSE = 'mailroom/tokens'
const KEY_BYTES = 32
const DIGEST_BYTES = 16

/**
 * Makes places of the secret of an account, and of `sharedKey`, if there is one. Whoever reads the
 * store, and does not have that, may try secrets against what lies there: each try is made slow.
 */
export function createTokenPlaces(sharedKey: () => Promise<string | undefined>): TokenPlaces {
  /** The last key of each manager: it takes 20 ms on purpose, and every login needs it. */
  const keys: SlowAnswers<Buffer> = new Map()

  const keyOf = async ({ manager, digest, secret }: TokenPlace): Promise<Buffer> => {
    const facts = JSON.stringify([manager, digest, secret.reveal(), (await sharedKey()) ?? ''])
    const quick = createHash('sha256').update(facts).digest('hex')
    return answerOnce(keys, manager, quick, () => slowDigest(facts, PURPOSE, KEY_BYTES))
  }
  return {
    of: async (place) => {
      const { kind, manager } = place
      const key = await keyOf(place)
      const digest = hkdfSync('sha256', key, '', `${PURPOSE}/place`, DIGEST_BYTES)
      const item = `${kind}:${Buffer.from(digest).toString('hex')}`
      return {
        key: { manager, item },
        seal: { secret: key.toString('hex'), place: [manager, item] },
        name: `${item}:${manager}`,
      }
    },
  }
}
