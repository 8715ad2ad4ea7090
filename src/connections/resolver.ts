import type { ParsedConfig } from './config.ts'
import type { Connections } from './connections.ts'
import { resolveReferences } from './references.ts'
import type { SecretSources } from './references.ts'
import type { ResolvedManager } from './secrets.ts'

/** The names of connection managers, and how each is resolved at the moment it is needed. */
export interface Resolver {
  names(): readonly string[]
  /** Throws `UnknownConnectionError` and `SecretUnavailableError`. */
  resolve(name: string): Promise<ResolvedManager>
}

/** Resolves the connection managers of a configuration: secrets are looked up in `sources`, each time. */
export function createResolver(
  connections: Connections,
  digestKey: ParsedConfig['digestKey'],
  sources: SecretSources,
): Resolver {
  return {
    names: () => connections.names(),
    resolve: async (name) => {
      const key = digestKey && (await resolveReferences(digestKey.reveal(), sources))
      return connections.resolve(name, { ...sources, ...(key && { digestKey: key }) })
    },
  }
}
