import type { TokenShelf } from '../connections/auth/oauth2/token-shelf.ts'
import { createLateWrites, type LateWritesOptions } from './late-writes.ts'
import { openText, sealText } from './sealed-text.ts'
import type { TokenPlaces } from './token-places.ts'
import type { TokenKey, TokenRecords } from './token-records.ts'

/** The texts of a shelf, as those read them who have the secret of their place. */
export type ShelvedTexts = Pick<TokenShelf, 'read' | 'write' | 'remove'> & AsyncDisposable

export interface ShelvedTextsOptions extends LateWritesOptions {
  readonly places: TokenPlaces
}

/** Who loses a refresh token loses the account: it is kept for as long after each use. */
const REFRESH_LIFE_MS = 90 * 86_400_000
const MAX_TRIES = 5

/** Seals texts for `records`, and keeps what could not be written until it is. */
export function openShelvedTexts(
  records: TokenRecords,
  options: ShelvedTextsOptions,
): ShelvedTexts {
  const { soon, places } = options
  const late = createLateWrites(records, options)
  /** What lay at each place when it was last looked at. */
  const seen = new Map<string, string | undefined>()

  const look = async (key: TokenKey): Promise<string | undefined> => {
    const sealed = await soon(records.read(key))
    seen.set(`${key.item}:${key.manager}`, sealed)
    return sealed
  }

  return {
    read: async (place) => {
      const { key, seal } = await places.of(place)
      const sealed = late.of(key) === undefined ? await look(key) : undefined
      const text = sealed === undefined ? late.of(key) : openText(sealed, seal)
      if (sealed !== undefined && text !== undefined && place.kind === 'refresh') {
        await soon(records.replace(key, sealed, { text: sealed, lifeMs: REFRESH_LIFE_MS }))
      }
      return text
    },
    write: async (place, text, expiresAt) => {
      const { key, seal } = await places.of(place)
      const lifeMs = expiresAt === undefined ? REFRESH_LIFE_MS : expiresAt - Date.now()
      if (lifeMs <= 0) return
      const sealed = sealText(text, seal)
      late.drop(key)
      try {
        await soon(put(records, key, { text: sealed, lifeMs }, await look(key)))
      } catch (error) {
        const before = seen.get(`${key.item}:${key.manager}`)
        late.add({ key, text, sealed, lifeMs, before })
        throw error
      }
    },
    remove: async (place, text) => {
      const { key, seal } = await places.of(place)
      if (late.of(key) === text) late.drop(key)
      const sealed = await look(key)
      if (sealed === undefined || openText(sealed, seal) !== text) return
      await soon(records.replace(key, sealed, undefined))
    },
    [Symbol.asyncDispose]: () => late[Symbol.asyncDispose](),
  }
}

/** In place of whatever lies there: it is our turn to say so. */
async function put(
  records: TokenRecords,
  key: TokenKey,
  record: { readonly text: string; readonly lifeMs: number },
  known: string | undefined,
): Promise<void> {
  let before = known
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (await records.replace(key, before, record)) return
    before = await records.read(key)
    if (before === record.text) return
  }
}
