import type { TokenKey, TokenRecords } from './token-records.ts'

/** A text that the store has not taken. */
export interface LateWrite {
  readonly key: TokenKey
  /** As those read it who may. */
  readonly text: string
  readonly sealed: string
  readonly lifeMs: number
  /** What lay there when this was to be written: only in place of that it may come later. */
  readonly before: string | undefined
}

/** What is to be written as soon as the store takes it. */
export interface LateWrites extends AsyncDisposable {
  /** What is to lie at `key`, although the store does not have it. */
  of(key: TokenKey): string | undefined
  add(write: LateWrite): void
  drop(key: TokenKey): void
}

export interface LateWritesOptions {
  /** Rejects when the store does not answer soon. */
  readonly soon: <T>(work: Promise<T>) => Promise<T>
  /** How often the store is told again. */
  readonly everyMs: number
  readonly onFault: (error: unknown) => void
}

/** Makes them, with none yet; disposing of them tries once more. */
export function createLateWrites(
  records: TokenRecords,
  { soon, everyMs, onFault }: LateWritesOptions,
): LateWrites {
  const waiting = new Map<string, LateWrite>()
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const writeNow = async (name: string, write: LateWrite): Promise<void> => {
    const { key, sealed, lifeMs, before } = write
    try {
      // When somebody else has written meanwhile, that is newer.
      await soon(records.replace(key, before, { text: sealed, lifeMs }))
      if (waiting.get(name) === write) waiting.delete(name)
    } catch (error) {
      onFault(error)
    }
  }
  const writeAll = async (): Promise<void> => {
    await Promise.all([...waiting].map(([name, write]) => writeNow(name, write)))
    timer = undefined
    if (waiting.size > 0) tryLater()
  }
  const tryLater = (): void => {
    if (!isClosed) timer ??= setTimeout(() => void writeAll(), everyMs).unref()
  }
  return {
    of: (key) => waiting.get(nameOf(key))?.text,
    add: (write) => {
      waiting.set(nameOf(write.key), write)
      tryLater()
    },
    drop: (key) => void waiting.delete(nameOf(key)),
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      clearTimeout(timer)
      await writeAll()
    },
  }
}

function nameOf({ manager, item }: TokenKey): string {
  return `${item}:${manager}`
}
