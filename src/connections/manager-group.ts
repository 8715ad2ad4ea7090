import * as z from 'zod'

import { DURATION_PATTERN, parseDuration } from '../duration.ts'
import { connectionNameSchema } from './connection-name.ts'
import { parsedBy } from './parsed-by.ts'

const MAX_WEIGHT = 1_000
/** The longest span that a timer takes: 24.8 days. */
const MAX_AFTER_MS = 2 ** 31 - 1

const description = z.string().default('').describe('What it is for; empty by default')

const after = z
  .union([z.string(), z.number()], { error: 'expected a duration such as "30s" or milliseconds' })
  .transform(parsedBy(parseDuration))
  .refine((ms) => ms <= MAX_AFTER_MS, 'expected a duration of 24d at most')
  .prefault(0)
  .meta({
    description:
      'How long a member must have been unusable before the next one is used; 0, at once, by default',
    pattern: DURATION_PATTERN,
    minimum: 0,
    maximum: MAX_AFTER_MS,
  })

const failover = z.strictObject({
  strategy: z.literal('failover').describe('The first member that can be used gets all mail'),
  members: z
    .array(z.string(), { error: 'expected a list of names, such as ["first", "second"]' })
    .describe('The names of connection managers, the most wanted one first'),
  after,
  description,
})

const weighted = z.strictObject({
  strategy: z.literal('weighted').describe('Members that can be used take turns'),
  members: z
    .record(connectionNameSchema, z.int().min(1).max(MAX_WEIGHT), {
      error: 'expected weights by name, such as { "big": 3, "small": 1 }',
    })
    .describe('Connection managers, and of how many messages each gets how many'),
  description,
})

/** A group as properties. */
export const managerGroupSchema = z.discriminatedUnion('strategy', [failover, weighted], {
  error: 'expected "failover" or "weighted" as `strategy`',
})

/** The properties of a group; its name is that under which it is filed. */
export type GroupProperties = z.input<typeof managerGroupSchema>

/**
 * A group as it may be given: as properties, or as a text such as `failover:first,second?after=30s`
 * and `weighted:big=3,small=1`.
 */
export type GroupDefinition = string | GroupProperties

/** One connection manager of a group. */
export interface GroupMember {
  readonly name: string
  /** Of how many messages it gets how many; 1 where that does not matter. */
  readonly weight: number
}

/**
 * A name that stands for several connection managers.
 *
 * - `failover`: the first member that can be used gets all mail. One that cannot be used is passed
 *   over when it has been unusable for `afterMs`.
 * - `weighted`: the members that can be used take turns, by their weights.
 */
export interface ManagerGroup {
  readonly name: string
  readonly description: string
  readonly strategy: GroupProperties['strategy']
  /** At least one, each once. */
  readonly members: readonly GroupMember[]
  /** 0 for `weighted`. */
  readonly afterMs: number
}

/** The names of the properties of such a group, to suggest one for a misspelt one. */
export function knownGroupProperties(strategy: unknown): readonly string[] {
  return Object.keys(strategy === 'weighted' ? weighted.shape : failover.shape)
}

/** A group of properties that were read. */
export function groupOf(
  name: string,
  properties: z.output<typeof managerGroupSchema>,
): ManagerGroup {
  const { strategy, description: about } = properties
  if (strategy === 'weighted') {
    const members = Object.entries(properties.members).map(([member, weight]) => ({
      name: member,
      weight,
    }))
    return Object.freeze({ name, description: about, strategy, members, afterMs: 0 })
  }
  const members = properties.members.map((member) => ({ name: member, weight: 1 }))
  return Object.freeze({ name, description: about, strategy, members, afterMs: properties.after })
}

/** A group as it could have been written. */
export function definitionOf(group: ManagerGroup): GroupProperties {
  const { strategy, members, afterMs, description: about } = group
  if (strategy === 'failover') {
    const names = members.map(({ name }) => name)
    return { strategy, members: names, after: afterMs, description: about }
  }
  const weights = Object.fromEntries(members.map(({ name, weight }) => [name, weight]))
  return { strategy, members: weights, description: about }
}

/** A connection manager as the group that it alone is, so that all names are treated alike. */
export function groupOfOne(name: string): ManagerGroup {
  const members = [{ name, weight: 1 }]
  return { name, description: '', strategy: 'failover', members, afterMs: 0 }
}
