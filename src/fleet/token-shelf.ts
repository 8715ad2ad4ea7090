import type {
  Alone,
  AloneOptions,
  ShelfTurn,
  TokenPlace,
  TokenShelf,
} from '../connections/auth/oauth2/token-shelf.ts'
import { StoreUnreachableError } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import { inTime } from './in-time.ts'
import { openShelvedTexts } from './shelved-texts.ts'
import { listenForTokens } from './token-news.ts'
import { createTokenPlaces } from './token-places.ts'
import { openTokenRecords } from './token-records.ts'
import { takeTurn } from './token-turn.ts'
import { openTurns } from './turns.ts'

export interface TokenShelfOptions {
  /** What all who share the shelf know beside the secret of a place, if there is such a thing. */
  readonly sharedKey?: () => Promise<string | undefined>
  /** How long a turn lasts without a sign of life of its owner; 15,000 by default. */
  readonly forMs?: number | undefined
  /** How often who waits looks by itself, in case a notice was lost; 1,000 by default. */
  readonly everyMs?: number
  /** How long the store may take to answer; 2,000 by default. */
  readonly patienceMs?: number
  /** Hears of a store that could not be asked or told. */
  readonly onFault: (error: unknown) => void
}

/** Longer is as good as never. */
const PATIENCE_MS = 2_000

/**
 * Opens the shelf that all workers of a store share. Texts lie there encrypted; what the store did
 * not take is kept here, and told to it again until it does.
 */
export async function openTokenShelf(
  store: Store,
  {
    forMs = 15_000,
    everyMs = 1_000,
    patienceMs = PATIENCE_MS,
    sharedKey = noKey,
    onFault,
  }: TokenShelfOptions,
): Promise<TokenShelf & AsyncDisposable> {
  const soon = <T>(work: Promise<T>): Promise<T> =>
    inTime(work, patienceMs, () => new StoreUnreachableError(store.location))
  const places = createTokenPlaces(sharedKey)
  const records = openTokenRecords(store)
  const texts = openShelvedTexts(records, { soon, everyMs, places, onFault })
  const turns = openTurns(store)
  const news = await listenForTokens(store, everyMs, onFault)

  return {
    read: (place) => texts.read(place),
    write: (place, text, expiresAt) => texts.write(place, text, expiresAt),
    remove: (place, text) => texts.remove(place, text),
    alone: async <Result>(
      place: TokenPlace,
      task: (turn: ShelfTurn) => Promise<Result>,
      { signal, mayWait }: AloneOptions,
    ): Promise<Alone<Result>> => {
      const { name } = await places.of(place)
      const options = { forMs, soon, onFault, onEnd: () => news.tell(name) }
      for (;;) {
        await using turn = await takeTurn(turns, `token:${name}`, options)
        if (turn !== undefined) return { kind: 'done', result: await task(turn) }
        if (!mayWait || signal.aborted) return { kind: 'busy' }
        await news.next(name, signal)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await texts[Symbol.asyncDispose]()
      await news[Symbol.asyncDispose]()
    },
  }
}

const noKey = (): Promise<undefined> => Promise.resolve(undefined)
