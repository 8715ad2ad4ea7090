import type { ContentSource } from '../content/content.ts'
import { joinBodies, type Bodies } from '../job/bodies.ts'
import { refOf } from '../job/content-ref.ts'
import { property } from '../job/property.ts'

/** Text and HTML that more than one message has. */
export interface SharedBodies {
  readonly source: ContentSource
  /** Whether they are beside the queue, for a message that is still to be written; or cannot be. */
  place: 'unknown' | 'there' | 'none'
  /** While somebody puts them there, for whom all others wait: they are uploaded once. */
  first?: Promise<void> | undefined
}

/** Finds out which bodies are sent to many, by the last ones that this process was given. */
export interface BodyMemory {
  /** The bodies of `message` when the same were seen shortly before, and are long enough to be shared. */
  find(message: unknown): SharedBodies | undefined
}

/** Of shorter ones packing leaves little, and who needs them takes its place in memory too. */
const MIN_LENGTH = 8_192
/** Longer ones would go through a worker's disk in pieces, and few messages have them. */
const MAX_LENGTH = 262_144
const MAX_SEEN = 8

interface Seen {
  readonly bodies: Required<Bodies>
  shared: SharedBodies | undefined
}

/** Remembers the last eight bodies. */
export function createBodyMemory(): BodyMemory {
  let seen: readonly Seen[] = []
  return {
    find: (message) => {
      const bodies = bodiesOf(message)
      if (bodies === undefined) return undefined
      const known = seen.find((each) => isSame(each.bodies, bodies))
      if (known === undefined) {
        seen = [{ bodies, shared: undefined }, ...seen.slice(0, MAX_SEEN - 1)]
        return undefined
      }
      if (seen[0] !== known) seen = [known, ...seen.filter((each) => each !== known)]
      known.shared ??= sharedOf(bodies)
      return known.shared.place === 'none' ? undefined : known.shared
    },
  }
}

/** Whatever is wrong with them is left for the contract to say. */
function bodiesOf(message: unknown): Required<Bodies> | undefined {
  const text: unknown = property(message, 'text') ?? ''
  const html: unknown = property(message, 'html') ?? ''
  if (typeof text !== 'string' || typeof html !== 'string') return undefined
  const length = text.length + html.length
  return length < MIN_LENGTH || length > MAX_LENGTH ? undefined : { text, html }
}

function isSame(one: Required<Bodies>, other: Required<Bodies>): boolean {
  return one.html === other.html && one.text === other.text
}

function sharedOf(bodies: Bodies): SharedBodies {
  const bytes = joinBodies(bodies)
  return { source: { ref: refOf(bytes), read: () => [bytes] }, place: 'unknown' }
}
