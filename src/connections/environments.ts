import type { ConfigReading, ReadingOptions } from './config-reading.ts'
import { readProperties } from './config-reading.ts'
import type { ConfigurationIssue } from './configuration-issue.ts'
import { isConnectionVariable, readConnectionVariables } from './connection-variable.ts'
import type { VariableDefinition } from './connection-variable.ts'
import { isGroupString } from './group-string.ts'
import { lay } from './environment-layer.ts'
import type { Layered } from './environment-layer.ts'
import { UnknownEnvironmentError } from './errors.ts'
import { nearest } from './nearest.ts'
import { isProperties } from './unknown-properties.ts'
import type { UnknownProperties } from './unknown-properties.ts'

/** What decides, beside a configuration itself, what it says. */
export interface ConfigChoice {
  /** The one of its environments that counts; none by default. */
  readonly environment?: string | undefined
  /** Where `MAILROOM_CONNECTION_<NAME>` variables define connection managers; nowhere by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The file that it was read from, for the origin of connection managers. */
  readonly file?: string | undefined
}

/**
 * Reads a configuration with the chosen one of its environments; the others are read too, so that
 * what is wrong with production is known on the first machine that reads it.
 *
 * Throws `UnknownEnvironmentError`.
 */
export function readEnvironments(
  input: UnknownProperties,
  { environment, env = {}, file }: ConfigChoice,
): ConfigReading {
  // Editors find the JSON Schema by `$schema`; it says nothing to us.
  const { $schema: _schema, environments = {}, ...written } = input
  const { definitions, ...read } = readConnectionVariables(env, [
    ...namesIn(written['connections']),
    ...namesIn(written['groups']),
  ])
  const groupVariables = definitions.filter(({ definition }) => isGroupString(definition))
  const others = definitions.filter((defined) => !groupVariables.includes(defined))
  const variables = { ...read, definitions: others }
  const { base, added } = addVariables(written, others)
  const layers = isProperties(environments) ? environments : {}
  const names = Object.keys(layers)
  if (environment !== undefined && !names.includes(environment)) {
    throw new UnknownEnvironmentError(environment, names, nearest(environment, names))
  }
  const options = { variables, groupVariables, below: added, file }
  const plain = readProperties(base, { ...options, overrides: new Map() })
  const below = new Set(plain.issues.map(keyOf))
  const readings = new Map(
    names.map((name) => {
      const laid = lay(layers[name], base)
      const overrides = overridesOf(name, laid)
      const reading = readProperties(laid.properties, { ...options, overrides })
      return [name, within(name, laid, reading, below)] as const
    }),
  )
  const chosen = environment === undefined ? plain : (readings.get(environment) ?? plain)
  const known = new Set([...below, ...chosen.issues.map(keyOf)])
  const elsewhere = [...readings.values()]
    .flatMap(({ issues }) => issues)
    .filter((issue) => !known.has(keyOf(issue)) && !isConnectionVariable(issue.path[0]))
  return {
    ...chosen,
    issues: [
      ...(isProperties(environments) ? [] : [NOT_ENVIRONMENTS]),
      ...chosen.issues,
      ...elsewhere,
    ],
  }
}

const NOT_ENVIRONMENTS: ConfigurationIssue = {
  path: ['environments'],
  code: 'INVALID_VALUE',
  message: 'expected what is otherwise in each environment, by its name',
}

function namesIn(definitions: unknown): readonly string[] {
  return isProperties(definitions) ? Object.keys(definitions) : []
}

/** Puts what only variables define below the environments, which may say single properties of it. */
function addVariables(
  written: UnknownProperties,
  definitions: readonly VariableDefinition[],
): { readonly base: UnknownProperties; readonly added: ReadonlySet<string> } {
  const { connections = {} } = written
  const names = namesIn(connections)
  const only = definitions.filter(({ name }) => !names.includes(name))
  if (!isProperties(connections) || only.length === 0) return { base: written, added: new Set() }
  const more = Object.fromEntries(only.map(({ name, definition }) => [name, definition]))
  return {
    base: { ...written, connections: { ...connections, ...more } },
    added: new Set(Object.keys(more)),
  }
}

function overridesOf(environment: string, { overrides }: Layered): ReadingOptions['overrides'] {
  return new Map(
    [...overrides].map(([name, properties]) => [name, { environment, properties }] as const),
  )
}

/** The reading of one environment; a problem that is not `below` it has a path that begins with it. */
function within(
  environment: string,
  laid: Layered,
  reading: ConfigReading,
  below: ReadonlySet<string>,
): ConfigReading {
  const inside = (issue: ConfigurationIssue): ConfigurationIssue => ({
    ...issue,
    path: ['environments', environment, ...issue.path],
  })
  const issues = reading.issues.map((issue) =>
    below.has(keyOf(issue)) || isConnectionVariable(issue.path[0]) ? issue : inside(issue),
  )
  return { ...reading, issues: [...laid.issues.map(inside), ...issues] }
}

function keyOf({ path, code }: ConfigurationIssue): string {
  return JSON.stringify([path.map(String), code])
}
