import type { Store } from '../store/store.ts'

/** Who has given a turn back: those who wait for it need not look all the time. */
export interface TokenNews extends AsyncDisposable {
  tell(name: string): void
  /** Resolves when somebody has told of `name`, or after a while in case that was lost, or at `signal`. */
  next(name: string, signal: AbortSignal): Promise<void>
}

/** The store's channel; the text is the name. */
const TOKENS = 'tokens'

/** Listens from now on; who waits looks by itself every `everyMs`. */
export async function listenForTokens(
  store: Store,
  everyMs: number,
  onFault: (error: unknown) => void,
): Promise<TokenNews> {
  const waiting = new Map<string, Set<() => void>>()
  const unsubscribe = await store.subscribe(TOKENS, (name) => {
    for (const end of waiting.get(name) ?? []) end()
  })
  const wait = (name: string, signal: AbortSignal, resolve: () => void): void => {
    const all = waiting.get(name) ?? new Set()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      all.delete(end)
      if (all.size === 0 && waiting.get(name) === all) waiting.delete(name)
      resolve()
    }
    const timer = setTimeout(end, everyMs)
    signal.addEventListener('abort', end)
    waiting.set(name, all.add(end))
    if (signal.aborted) end()
  }
  return {
    tell: (name) => void store.publish(TOKENS, name).catch(onFault),
    next: (name, signal) => new Promise((resolve) => wait(name, signal, resolve)),
    [Symbol.asyncDispose]: async () => {
      for (const all of waiting.values()) for (const end of all) end()
      await unsubscribe()
    },
  }
}
