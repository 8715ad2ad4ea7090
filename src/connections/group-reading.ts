import type { ConfigurationIssue } from './configuration-issue.ts'
import type { ConnectionOrigin, EnvironmentOverride } from './connection-origin.ts'
import type { VariableDefinition } from './connection-variable.ts'
import { parseGroups, type ParsedGroups } from './parse-groups.ts'
import { isProperties } from './unknown-properties.ts'

export interface GroupReadingOptions {
  /** The names of all connection managers, those too that could not be read. */
  readonly managers: readonly string[]
  /** The groups of variables: they win over what is written, also in an environment. */
  readonly groupVariables: readonly VariableDefinition[]
  /** The file that the configuration comes from; absent: from code. */
  readonly file: string | undefined
  readonly overrides: ReadonlyMap<string, EnvironmentOverride>
}

/** Groups as they were read, and where each was written. */
export interface GroupReading extends ParsedGroups {
  /** Of all groups, those too that could not be read. */
  readonly names: readonly string[]
  readonly origins: ReadonlyMap<string, ConnectionOrigin>
}

/** Reads what a configuration says of `groups`, environments laid over it already. */
export function readGroups(
  written: unknown,
  { managers, groupVariables, file, overrides }: GroupReadingOptions,
): GroupReading {
  const record = isProperties(written) ? written : {}
  const variables = new Map(groupVariables.map((defined) => [defined.name, defined]))
  const over = groupVariables.map(({ name, definition }) => [name, definition] as const)
  const { groups, issues } = parseGroups(
    { ...record, ...Object.fromEntries(over) },
    managers,
    (name) => {
      const defined = variables.get(name)
      return defined ? [defined.variable] : ['groups', name]
    },
  )
  const originOf = (name: string): ConnectionOrigin => {
    const defined = variables.get(name)
    if (defined) return { kind: 'variable', variable: defined.variable }
    const override = overrides.get(name)
    const changed = override && { override }
    return file === undefined ? { kind: 'code', ...changed } : { kind: 'file', file, ...changed }
  }
  const names = [...new Set([...Object.keys(record), ...variables.keys()])]
  return {
    groups,
    names,
    origins: new Map([...groups.keys()].map((name) => [name, originOf(name)])),
    issues: [...(isProperties(written) ? [] : [NOT_GROUPS]), ...issues],
  }
}

const NOT_GROUPS: ConfigurationIssue = {
  path: ['groups'],
  code: 'INVALID_VALUE',
  message: 'expected groups of connection managers by name',
}
