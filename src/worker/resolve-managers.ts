import { issueOf } from '../connections/configuration-issue.ts'
import { InvalidConfigurationError } from '../connections/errors.ts'
import type { Resolver } from '../connections/resolver.ts'
import { isMailroomError } from '../errors.ts'
import { resolveRoute, type ResolvedRoute } from './resolved-route.ts'

/**
 * The managers of all names, or of those `names` that there are, with their secrets as they are now.
 *
 * Throws `InvalidConfigurationError` with every secret that cannot be had.
 */
export async function resolveManagers(
  connections: Resolver,
  names: readonly string[] | undefined,
): Promise<ReadonlyMap<string, ResolvedRoute>> {
  const known = connections.names()
  const wanted = names === undefined ? known : names.filter((name) => known.includes(name))
  const resolved = await Promise.allSettled(wanted.map((name) => resolveRoute(connections, name)))
  const issues = resolved.flatMap((result, index) => {
    if (result.status === 'fulfilled') return []
    if (!isMailroomError(result.reason)) throw result.reason
    return [issueOf(result.reason, ['connections', wanted[index] ?? ''])]
  })
  if (issues.length > 0) throw new InvalidConfigurationError(issues)
  const managers = resolved.flatMap((result) =>
    result.status === 'fulfilled' ? [result.value] : [],
  )
  return new Map(managers.map((manager, index) => [wanted[index] ?? '', manager]))
}
