import { isDeepStrictEqual } from 'node:util'

import type { Event } from './deed.ts'
import type { World } from './message.ts'
import { step } from './step.ts'

/** Whether there is an order, and where the longest one that was found could not go on. */
export type Explained =
  | { readonly kind: 'explained'; readonly world: World }
  | { readonly kind: 'inexplicable'; readonly story: string }

/**
 * Looks for an order of what clients did at once in which each answer is what the model says, and
 * nothing comes before what had ended when it began: whether the ledger is linearizable (Wing and
 * Gong). What was looked at once, by how far each client was and by the world then, is not again.
 */
export function explain(events: readonly Event[]): Explained {
  const byClient = Map.groupBy(events, ({ client }) => client)
  const logs = [...byClient.values()].map((log) => log.toSorted((a, b) => a.began - b.began))
  const seen = new Set<string>()
  const path: Event[] = []
  let longest: readonly Event[] = []
  let stuck: readonly string[] = []

  const search = (places: readonly number[], world: World): World | undefined => {
    const next = logs.map((log, nth) => log[places[nth] ?? 0])
    const waiting = next.filter((event) => event !== undefined)
    if (waiting.length === 0) return world
    const here = `${places.join()} ${JSON.stringify(world)}`
    if (seen.has(here)) return undefined
    seen.add(here)
    const until = Math.min(...waiting.map(({ ended }) => ended))
    const wrong: string[] = []
    for (const [nth, event] of next.entries()) {
      if (event === undefined || event.began > until) continue
      const after = structuredClone(world)
      const expected = step(after, event.deed, event.answer)
      if (!isDeepStrictEqual(expected, event.answer)) {
        wrong.push(`${tell(event)}\n    expected ${JSON.stringify(expected)}`)
        continue
      }
      path.push(event)
      const found = search(places.with(nth, (places[nth] ?? 0) + 1), after)
      if (found !== undefined) return found
      path.pop()
    }
    if (path.length >= longest.length) [longest, stuck] = [[...path], wrong]
    return undefined
  }

  const empty: World = { messages: {}, newest: {} }
  const world = search(
    Array.from(logs, () => 0),
    empty,
  )
  if (world !== undefined) return { kind: 'explained', world }
  const story = [...longest.map(tell), 'and then none of:', ...stuck].join('\n')
  return { kind: 'inexplicable', story }
}

function tell({ client, deed, answer }: Event): string {
  return `${client}: ${JSON.stringify(deed)} -> ${JSON.stringify(answer)}`
}
