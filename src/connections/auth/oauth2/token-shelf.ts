import type { Secret } from '../../secret.ts'

/** Where one text of one account lies on a shelf. */
export interface TokenPlace {
  /** The access token that is in use, the refresh token that was given last, or the last refusal. */
  readonly kind: 'access' | 'refresh' | 'refusal'
  /** The connection manager's name. */
  readonly manager: string
  /**
   * Differs when the account, the endpoint or the secret differ; 32 hexadecimal digits. It is made
   * quickly, and whoever has it can try secrets as quickly: it does not leave the process as it is.
   */
  readonly digest: string
  /** What all who may use the token know, and nobody else: seals what leaves the process. */
  readonly secret: Secret
}

export interface AloneOptions {
  readonly signal: AbortSignal
  /** Whether to wait until nobody else is at it; else `busy` is the answer at once. */
  readonly mayWait: boolean
}

export type Alone<Result> =
  { readonly kind: 'done'; readonly result: Result } | { readonly kind: 'busy' }

/** Somebody's turn to do what only one may do at a time. */
export interface ShelfTurn {
  /** Whether nobody else can have it by now; a process that stood still has lost it. */
  readonly isMine: boolean
}

/**
 * Where tokens lie that several logins use: in this process, or in a store for a whole fleet.
 *
 * Texts go in and come out as they are: a shelf outside of the process encrypts them by the secret of
 * their place. Any call may reject when the shelf is away; then each goes on by itself.
 */
export interface TokenShelf {
  /** Undefined when nothing lies there, or nothing that can be read. */
  readonly read: (place: TokenPlace) => Promise<string | undefined>
  /** Puts `text` there instead of what was; it is gone after `expiresAt`, if that is given. */
  readonly write: (place: TokenPlace, text: string, expiresAt?: number) => Promise<void>
  /** Takes `text` away, if it is still what lies there. */
  readonly remove: (place: TokenPlace, text: string) => Promise<void>
  /** Runs `task` while nobody else runs one for this place. What `task` throws is thrown. */
  readonly alone: <Result>(
    place: TokenPlace,
    task: (turn: ShelfTurn) => Promise<Result>,
    options: AloneOptions,
  ) => Promise<Alone<Result>>
}

/** No shelf at all: who has only this must not use up what others keep on theirs. */
export const NO_SHELF: TokenShelf = { read: none, write: none, remove: none, alone: none }

function none(): Promise<never> {
  return Promise.reject(new Error('there is no shelf'))
}

/** Makes a shelf in the memory of this process. */
export function createMemoryShelf(now: () => number = Date.now): TokenShelf {
  const texts = new Map<string, { readonly text: string; readonly expiresAt: number }>()
  const textAt = (place: TokenPlace): string | undefined => {
    const { text, expiresAt = 0 } = texts.get(keyOf(place)) ?? {}
    return now() < expiresAt ? text : undefined
  }
  return {
    read: (place) => Promise.resolve(textAt(place)),
    write: (place, text, expiresAt = Infinity) => {
      texts.set(keyOf(place), { text, expiresAt })
      return Promise.resolve()
    },
    remove: (place, text) => {
      if (textAt(place) === text) texts.delete(keyOf(place))
      return Promise.resolve()
    },
    // Whoever asks for a token in one process asks once for all of it.
    alone: async (_place, task) => ({ kind: 'done', result: await task({ isMine: true }) }),
  }
}

function keyOf({ kind, digest, manager }: TokenPlace): string {
  return `${kind}:${digest}:${manager}`
}
