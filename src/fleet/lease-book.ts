import * as z from 'zod'

import { fairShares } from './shares.ts'

const bookSchema = z.record(
  z.string(),
  z
    .object({
      sessions: z.int(),
      wanted: z.int(),
      most: z.int(),
      max: z.int(),
      until: z.number(),
    })
    .readonly(),
)

/**
 * Who holds which sessions of one manager, by worker: a state is data, a turn is a function.
 *
 * - `sessions`: nobody else may use these before `until`, a moment of the store's clock.
 * - `wanted`: as many as have work to do now.
 * - `most`: as many as it takes when nobody else wants them.
 * - `max`: as many as the manager allows in the configuration of this worker.
 */
export type LeaseBook = Readonly<z.output<typeof bookSchema>>

/** What a worker asks for. It cannot give back the sessions that it is `using`. */
export interface Ask {
  readonly using: number
  readonly wanted: number
  readonly most: number
  readonly max: number
}

/** What a worker gets. */
export interface Share {
  /** What it holds from now on; more than its `target` only while it is using them. */
  readonly sessions: number
  /** What is due to it. */
  readonly target: number
  /** The lowest maximum of all workers. */
  readonly limit: number
  /** What all workers hold together. */
  readonly held: number
  /** Whether others hold what is due to it. */
  readonly isShort: boolean
  /** Whether somebody else has less than is due to him. */
  readonly othersAreShort: boolean
}

/** A worker's turn: it prolongs its lease until `until` and gets or gives back what is fair. */
export function takeTurn(
  book: LeaseBook,
  worker: string,
  { using, wanted, most, max }: Ask,
  now: number,
  until: number,
): { readonly book: LeaseBook; readonly share: Share } {
  const before = book[worker]?.sessions ?? 0
  const asking = { sessions: Math.max(before, using), wanted, most, max, until }
  const others = Object.entries(book).filter(([id, lease]) => id !== worker && lease.until > now)
  const all = [...others, [worker, asking] as const].toSorted(byHeld)
  const limit = Math.min(...all.map(([, lease]) => lease.max))
  const shares = fairShares(
    limit,
    all.map(([, lease]) => ({ needs: lease.wanted, likes: lease.most })),
  )
  const targets = new Map(all.map(([id], index) => [id, shares[index] ?? 0]))
  const taken = others.reduce((sum, [, { sessions }]) => sum + sessions, 0)
  const target = targets.get(worker) ?? 0
  const sessions = Math.max(using, Math.min(target, limit - taken))
  return {
    book: Object.fromEntries([...others, [worker, { sessions, wanted, most, max, until }]]),
    share: {
      sessions,
      target,
      limit,
      held: taken + sessions,
      isShort: sessions < target,
      othersAreShort: others.some(([id, lease]) => lease.sessions < (targets.get(id) ?? 0)),
    },
  }
}

/** The book without a worker that uses nothing any more. */
export function withoutWorker(book: LeaseBook, worker: string): LeaseBook {
  const { [worker]: _gone, ...rest } = book
  return rest
}

/** The book as the store keeps it. */
export function encodeBook(book: LeaseBook): string {
  return JSON.stringify(book)
}

/** Reads what `encodeBook` wrote. What nobody can read holds nothing: its workers ask again soon. */
export function decodeBook(text: string | undefined): LeaseBook {
  if (text === undefined) return {}
  try {
    return bookSchema.safeParse(JSON.parse(text)).data ?? {}
  } catch {
    return {}
  }
}

type Entry = readonly [worker: string, lease: LeaseBook[string]]

/** Who holds more comes first: what does not come out even stays where it is. */
function byHeld([idA, a]: Entry, [idB, b]: Entry): number {
  return b.sessions - a.sessions || (idA < idB ? -1 : 1)
}
