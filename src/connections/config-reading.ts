import { issuesOf } from './configuration-issue.ts'
import type { ConfigurationIssue } from './configuration-issue.ts'
import type { ConnectionOrigin, EnvironmentOverride } from './connection-origin.ts'
import { readConnectionVariables } from './connection-variable.ts'
import type { VariableDefinition } from './connection-variable.ts'
import { UnknownConnectionError } from './errors.ts'
import { nearest } from './nearest.ts'
import { parseDefinitions } from './parse-definitions.ts'
import type { ParsedDefinitions } from './parse-definitions.ts'
import { KNOWN_SETTINGS, settingsSchema } from './settings.ts'
import type { Settings } from './settings.ts'
import { isProperties } from './unknown-properties.ts'
import type { UnknownProperties } from './unknown-properties.ts'

/** A configuration as it was read, with all that is wrong with it. */
export interface ConfigReading extends ParsedDefinitions {
  /** Absent when one of them is wrong. */
  readonly settings: Settings | undefined
  readonly origins: ReadonlyMap<string, ConnectionOrigin>
}

export interface ReadingOptions {
  /** Where connection managers are defined by variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The file that the properties come from; absent: from code. */
  readonly file: string | undefined
  readonly overrides: ReadonlyMap<string, EnvironmentOverride>
}

/** Reads `properties`, environments laid over them already, and the connection managers in `env`. */
export function readProperties(
  properties: UnknownProperties,
  { env, file, overrides }: ReadingOptions,
): ConfigReading {
  const { connections = {}, ...rest } = properties
  const record = isProperties(connections) ? connections : {}
  const settings = settingsSchema.safeParse(rest, { reportInput: true })
  const variables = readConnectionVariables(env, Object.keys(record))
  const byName = new Map(variables.definitions.map((defined) => [defined.name, defined]))
  const definitions = { ...record, ...definitionsOf(variables.definitions) }
  const parsed = parseDefinitions(definitions, (name) => {
    const defined = byName.get(name)
    return defined ? [defined.variable] : ['connections', name]
  })
  const names = Object.keys(definitions)
  return {
    ...parsed,
    settings: settings.success ? settings.data : undefined,
    origins: new Map(
      names.map((name) => [name, originOf(byName.get(name), file, overrides.get(name))]),
    ),
    issues: [
      ...(isProperties(connections) ? [] : [NOT_CONNECTIONS]),
      ...parsed.issues,
      ...variables.issues,
      ...(settings.success ? [] : issuesOf(settings.error, [], KNOWN_SETTINGS)),
      ...unknownNames(rest['worker'], names),
    ],
  }
}

const NOT_CONNECTIONS: ConfigurationIssue = {
  path: ['connections'],
  code: 'INVALID_VALUE',
  message: 'expected connection managers by name',
}

function definitionsOf(variables: readonly VariableDefinition[]): UnknownProperties {
  return Object.fromEntries(variables.map(({ name, definition }) => [name, definition]))
}

function originOf(
  variable: VariableDefinition | undefined,
  file: string | undefined,
  override: EnvironmentOverride | undefined,
): ConnectionOrigin {
  if (variable) return { kind: 'variable', variable: variable.variable }
  const changed = override && { override }
  return file === undefined ? { kind: 'code', ...changed } : { kind: 'file', file, ...changed }
}

/** Looks at what was written, so that it is told also when other settings are wrong. */
function unknownNames(worker: unknown, names: readonly string[]): readonly ConfigurationIssue[] {
  const wanted = isProperties(worker) ? worker['connections'] : undefined
  if (!Array.isArray(wanted)) return []
  return wanted.flatMap((name: unknown, index) => {
    if (typeof name !== 'string' || names.includes(name)) return []
    const { code, message } = new UnknownConnectionError(name, names, nearest(name, names))
    return [{ path: ['worker', 'connections', index], code, message }]
  })
}
