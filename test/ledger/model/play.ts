import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createRandom } from '../../chaos/random.ts'
import { castsOf, createClient, takeStock, type Cast } from './client.ts'
import type { Event } from './deed.ts'
import { explain } from './explain.ts'
import type { World } from './message.ts'
import { brokenPromises } from './promises.ts'

const CLIENTS = ['ann', 'bob', 'cid', 'dan'] as const
/** How many plays go on at once; they have nothing to do with one another. */
const AT_ONCE = 6

export interface PlayOptions {
  /** Two connections at least, which the clients share. */
  readonly ledgers: readonly [Ledger, ...Ledger[]]
  readonly seed: number
  readonly rounds: number
  readonly steps: number
  /** One thing after the other, in an order that the seed says; else all clients at once. */
  readonly inTurns: boolean
  /** Called now and then, in between. */
  readonly meanwhile?: () => Promise<unknown>
}

/** What clients did to some messages, and what is wrong with it. */
export interface Played {
  readonly cast: Cast
  readonly events: readonly Event[]
}

/** Has clients do as chance has it with messages of their own, `rounds` times. */
export async function play(options: PlayOptions): Promise<readonly Played[]> {
  const { seed, rounds } = options
  const todo = Array.from({ length: rounds }, (_, nth) => seed + nth).flatMap((each) =>
    castsOf(each).map((cast) => ({ each, cast })),
  )
  const played: Played[] = []
  const goOn = async (): Promise<void> => {
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const events = await (options.inTurns ? playInTurns : playAtOnce)(
        next.each,
        next.cast,
        options,
      )
      played.push({ cast: next.cast, events: [...events, ...(await stockOf(options, next.cast))] })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, goOn))
  return played
}

/** Judges what was played: tells what no order explains and which promises were broken. */
export function judge(played: readonly Played[]): {
  readonly wrongs: readonly string[]
  readonly messages: World['messages']
} {
  const messages: World['messages'] = {}
  const wrongs = played.flatMap(({ cast, events }) => {
    const explained = explain(events)
    if (explained.kind === 'explained') Object.assign(messages, explained.world.messages)
    return [
      ...(explained.kind === 'inexplicable' ? [explained.story] : []),
      ...brokenPromises(events),
    ].map((wrong) => `${cast.ids.join()}: ${wrong}`)
  })
  return { wrongs, messages }
}

async function playInTurns(
  seed: number,
  cast: Cast,
  { ledgers, steps, meanwhile }: PlayOptions,
): Promise<readonly Event[]> {
  const clients = CLIENTS.map((name, nth) =>
    createClient(ledgers[nth % ledgers.length] ?? ledgers[0], name, seed, cast),
  )
  const random = createRandom(seed, cast.ids.join(), 'turns')
  const events: Event[] = []
  for (let step = 0; step < steps; step += 1) {
    events.push(await random.pick(clients).act())
    if (random.next() < 0.1) await meanwhile?.()
  }
  return events
}

async function playAtOnce(
  seed: number,
  cast: Cast,
  { ledgers, steps }: PlayOptions,
): Promise<readonly Event[]> {
  const events = await Promise.all(
    CLIENTS.map(async (name, nth) => {
      const client = createClient(ledgers[nth % ledgers.length] ?? ledgers[0], name, seed, cast)
      const mine: Event[] = []
      while (mine.length < steps / CLIENTS.length) mine.push(await client.act())
      return mine
    }),
  )
  return events.flat()
}

async function stockOf({ ledgers: [ledger] }: PlayOptions, cast: Cast): Promise<readonly Event[]> {
  return takeStock(ledger, cast)
}
