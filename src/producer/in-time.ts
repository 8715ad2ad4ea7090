/** An item, or word that it does not come in time. */
export type Arrival<Item> = { readonly item: Item } | 'late'

/**
 * Yields what `items` yields, and `late` whenever the next item takes longer than `leftMs` says,
 * which is asked before each wait; after that it is waited for without a limit until it is asked again.
 * Throws the reason of `signal` when that aborts, also while an item is waited for.
 *
 * Who leaves early closes `items`, and waits for that only where no item is being made.
 */
export async function* inTime<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  leftMs: () => number,
  signal?: AbortSignal,
): AsyncGenerator<Arrival<Item>, void, undefined> {
  const source = each(items)
  if (!(Symbol.asyncIterator in items)) {
    // What is at hand is never late: no timer and no race for each of them.
    for await (const item of source) yield { item }
    return
  }
  let isMaking = false
  const make = async (): Promise<IteratorResult<Item, void>> => {
    isMaking = true
    try {
      return await source.next()
    } finally {
      isMaking = false
    }
  }
  try {
    for (;;) {
      const next = make()
      while ((await firstOf(next, leftMs(), signal)) === undefined) yield 'late'
      const result = await next
      if (result.done === true) return
      yield { item: result.value }
    }
  } finally {
    const closed = source.return()
    // It ends with the item that is being made, perhaps never; nobody is left to hear of its faults.
    if (isMaking) closed.catch(() => undefined)
    else await closed
  }
}

async function* each<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  yield* items
}

/** What comes in time; undefined: it does not. Rejects when `signal` aborts before. */
async function firstOf<T>(
  work: Promise<T>,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const timer = ms === Infinity ? undefined : setTimeout(() => resolve(undefined), Math.max(0, ms))
  const onAbort = (): void => reject(signal?.reason)
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
