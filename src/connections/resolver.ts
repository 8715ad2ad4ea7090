import type { UserRule } from '../smtp/rules/user-rule.ts'
import type { ParsedConfig } from './config.ts'
import type { Connections } from './connections.ts'
import type { DigestMemory } from './digest.ts'
import type { ManagerGroup } from './manager-group.ts'
import type { Looks } from './file-look.ts'
import { createFirstLooks } from './first-looks.ts'
import { resolveReferences } from './references.ts'
import type { SecretSources } from './references.ts'
import { readRegularFile } from './secret-file.ts'
import type { ResolvedManager } from './secrets.ts'

/** The names that jobs refer to, and how each connection manager is resolved at the moment it is needed. */
export interface Resolver {
  names(): readonly string[]
  /** The group called `name`; a connection manager is one of its own. Throws `UnknownConnectionError`. */
  group(name: string): ManagerGroup
  /** Throws `UnknownConnectionError` and `SecretUnavailableError`. */
  resolve(name: string): Promise<ResolvedManager>
  /** The files in which references were looked up, each as it was before the first time. */
  looks(): Looks
  /** What all workers of a fleet know, if the configuration has it. Throws `SecretUnavailableError`. */
  digestKey(): Promise<string | undefined>
  /** What the operator has decided about replies of servers. */
  rules(): readonly UserRule[]
}

/** Resolves the connection managers of a configuration: secrets are looked up in `sources`, each time. */
export function createResolver(
  connections: Connections,
  digestKey: ParsedConfig['digestKey'],
  sources: SecretSources,
  rules: readonly UserRule[] = [],
): Resolver {
  const first = createFirstLooks()
  const digests: DigestMemory = new Map()
  const { readFile: read = readRegularFile } = sources
  const noting: SecretSources = {
    ...sources,
    readFile: async (file) => {
      await first.before(file)
      return read(file)
    },
  }
  const resolveKey = async (): Promise<string | undefined> =>
    digestKey && resolveReferences(digestKey.reveal(), noting)
  return {
    names: () => connections.names(),
    group: (name) => connections.group(name),
    resolve: async (name) => {
      const key = await resolveKey()
      return connections.resolve(name, { ...noting, digests, ...(key && { digestKey: key }) })
    },
    looks: () => first.looks,
    digestKey: resolveKey,
    rules: () => rules,
  }
}
