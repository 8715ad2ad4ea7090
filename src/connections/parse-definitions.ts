import type { ConfigurationIssue } from './configuration-issue.ts'
import { parseDefinition } from './connection-definition.ts'
import type { ConnectionManager } from './connection-manager.ts'
import { warningsOf } from './connection-warning.ts'
import type { ConnectionWarning } from './connection-warning.ts'

/** Every connection manager that could be read, and everything that is to be said about the rest. */
export interface ParsedDefinitions {
  readonly managers: ReadonlyMap<string, ConnectionManager>
  readonly warnings: readonly ConnectionWarning[]
  readonly issues: readonly ConfigurationIssue[]
}

/**
 * Reads all `definitions` by name, whichever of them are wrong; paths begin with `connections` unless
 * `pathOf` says otherwise.
 */
export function parseDefinitions(
  definitions: Readonly<Record<string, unknown>>,
  pathOf: (name: string) => readonly PropertyKey[] = (name) => ['connections', name],
): ParsedDefinitions {
  const managers = new Map<string, ConnectionManager>()
  const issues: ConfigurationIssue[] = []
  for (const [name, definition] of Object.entries(definitions)) {
    const parsed = parseDefinition(name, definition, pathOf(name))
    if (parsed.kind === 'valid') managers.set(name, parsed.manager)
    else issues.push(...parsed.issues)
  }
  return { managers, warnings: [...managers.values()].flatMap((one) => warningsOf(one)), issues }
}
