import { isDeepStrictEqual } from 'node:util'

import type { ManagerGroup } from '../connections/manager-group.ts'
import type { Resolver } from '../connections/resolver.ts'
import type { ResolvedManager } from '../connections/secrets.ts'
import { changeOf } from './manager-change.ts'

/** Where mail of a name goes: a group, and its members as they are resolved now, in its order. */
export interface ResolvedRoute {
  readonly group: ManagerGroup
  readonly managers: readonly ResolvedManager[]
}

/**
 * Resolves all members of `name`, which may be a single connection manager. Throws
 * `UnknownConnectionError` and `SecretUnavailableError`.
 */
export async function resolveRoute(connections: Resolver, name: string): Promise<ResolvedRoute> {
  const group = connections.group(name)
  const managers = await Promise.all(
    group.members.map((member) => connections.resolve(member.name)),
  )
  return { group, managers }
}

/** Whether mail would notice that one is another. */
export function isOtherRoute(before: ResolvedRoute, after: ResolvedRoute): boolean {
  const { description: _forPeople, ...facts } = before.group
  const { description: _forPeopleToo, ...fresh } = after.group
  if (!isDeepStrictEqual(facts, fresh)) return true
  return after.managers.some((manager, index) => {
    const known = before.managers[index]
    return known === undefined || changeOf(known, manager) !== 'none'
  })
}
