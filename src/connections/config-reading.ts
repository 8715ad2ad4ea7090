import { issuesOf } from './configuration-issue.ts'
import type { ConfigurationIssue } from './configuration-issue.ts'
import type { ConnectionOrigin, EnvironmentOverride } from './connection-origin.ts'
import { expandDefinition } from './connection-definition.ts'
import type { ConnectionVariables, VariableDefinition } from './connection-variable.ts'
import { UnknownConnectionError } from './errors.ts'
import { readGroups } from './group-reading.ts'
import type { ManagerGroup } from './manager-group.ts'
import { nearest } from './nearest.ts'
import { parseDefinitions } from './parse-definitions.ts'
import type { ParsedDefinitions } from './parse-definitions.ts'
import { KNOWN_SETTINGS, settingsSchema } from './settings.ts'
import type { Settings } from './settings.ts'
import { isProperties } from './unknown-properties.ts'
import type { UnknownProperties } from './unknown-properties.ts'

/** A configuration as it was read, with all that is wrong with it. */
export interface ConfigReading extends ParsedDefinitions {
  readonly groups: ReadonlyMap<string, ManagerGroup>
  /** Absent when one of them is wrong. */
  readonly settings: Settings | undefined
  readonly origins: ReadonlyMap<string, ConnectionOrigin>
}

export interface ReadingOptions {
  readonly variables: ConnectionVariables
  /** The groups of variables: they win over what is written, also in an environment. */
  readonly groupVariables: readonly VariableDefinition[]
  /** The connection managers of variables that are in the properties already, below an environment. */
  readonly below: ReadonlySet<string>
  /** The file that the properties come from; absent: from code. */
  readonly file: string | undefined
  readonly overrides: ReadonlyMap<string, EnvironmentOverride>
}

/** Reads `properties`, environments laid over them already, and what variables define over them. */
export function readProperties(
  properties: UnknownProperties,
  { variables, groupVariables, below, file, overrides }: ReadingOptions,
): ConfigReading {
  const { connections = {}, groups = {}, ...rest } = properties
  const record = isProperties(connections) ? connections : {}
  const settings = settingsSchema.safeParse(rest, { reportInput: true })
  const byName = new Map(variables.definitions.map((defined) => [defined.name, defined]))
  const over = variables.definitions.filter(({ name }) => !below.has(name))
  const definitions = { ...record, ...definitionsOver(record, over) }
  const parsed = parseDefinitions(definitions, (name) => {
    const defined = byName.get(name)
    const isLaidOver = below.has(name) && overrides.has(name)
    return defined && !isLaidOver ? [defined.variable] : ['connections', name]
  })
  const names = Object.keys(definitions)
  const grouped = readGroups(groups, { managers: names, groupVariables, file, overrides })
  return {
    ...parsed,
    groups: grouped.groups,
    settings: settings.success ? settings.data : undefined,
    origins: new Map([
      ...names.map((name) => {
        const defined = byName.get(name)
        const override = defined && !below.has(name) ? undefined : overrides.get(name)
        return [name, originOf(defined, file, override)] as const
      }),
      ...grouped.origins,
    ]),
    issues: [
      ...(isProperties(connections) ? [] : [NOT_CONNECTIONS]),
      ...parsed.issues,
      ...grouped.issues,
      ...variables.issues,
      ...(settings.success ? [] : issuesOf(settings.error, [], KNOWN_SETTINGS)),
      ...unknownNames(rest['worker'], [...names, ...grouped.names]),
      ...unknownNamesInRules(rest['rules'], names),
    ],
  }
}

const NOT_CONNECTIONS: ConfigurationIssue = {
  path: ['connections'],
  code: 'INVALID_VALUE',
  message: 'expected connection managers by name',
}

function definitionsOver(
  below: UnknownProperties,
  variables: readonly VariableDefinition[],
): UnknownProperties {
  return Object.fromEntries(
    variables.map(({ name, definition }) => [
      name,
      Object.hasOwn(below, name) ? keepRedirect(below[name], definition) : definition,
    ]),
  )
}

/** Whoever gives staging another server by a variable did not ask to write to customers. */
function keepRedirect(below: unknown, definition: string): unknown {
  const { redirectAll } = expandDefinition(below)
  const given = expandDefinition(definition)
  const isKept = redirectAll !== undefined && given['redirectAll'] === undefined
  const isRead = given['connectionString'] === undefined
  return isKept && isRead ? { ...given, redirectAll } : definition
}

function originOf(
  variable: VariableDefinition | undefined,
  file: string | undefined,
  override: EnvironmentOverride | undefined,
): ConnectionOrigin {
  const changed = override && { override }
  if (variable) return { kind: 'variable', variable: variable.variable, ...changed }
  return file === undefined ? { kind: 'code', ...changed } : { kind: 'file', file, ...changed }
}

/** Looks at what was written, so that it is told also when other settings are wrong. */
function unknownNames(worker: unknown, names: readonly string[]): readonly ConfigurationIssue[] {
  const wanted = isProperties(worker) ? worker['connections'] : undefined
  if (!Array.isArray(wanted)) return []
  return wanted.flatMap((name: unknown, index) =>
    unknownName(name, names, ['worker', 'connections', index]),
  )
}

/** The same for what rules name; a collection that a program fills has its names later. */
function unknownNamesInRules(
  rules: unknown,
  names: readonly string[],
): readonly ConfigurationIssue[] {
  if (!Array.isArray(rules) || names.length === 0) return []
  return rules.flatMap((rule: unknown, index) => {
    const when = isProperties(rule) ? rule['when'] : undefined
    const wanted = isProperties(when) ? when['connection'] : undefined
    return [wanted]
      .flat()
      .flatMap((name: unknown) => unknownName(name, names, ['rules', index, 'when', 'connection']))
  })
}

function unknownName(
  name: unknown,
  names: readonly string[],
  path: readonly PropertyKey[],
): readonly ConfigurationIssue[] {
  if (typeof name !== 'string' || names.includes(name)) return []
  const { code, message } = new UnknownConnectionError(name, names, nearest(name, names))
  return [{ path, code, message }]
}
