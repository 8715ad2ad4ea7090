import { issuesOf } from './configuration-issue.ts'
import type { ConfigurationIssue } from './configuration-issue.ts'
import type { ConnectionDefinition } from './connection-definition.ts'
import type { ConnectionWarning } from './connection-warning.ts'
import { collect, createConnections } from './connections.ts'
import type { Connections, CreatedConnections } from './connections.ts'
import { InvalidConfigurationError, UnknownConnectionError } from './errors.ts'
import { nearest } from './nearest.ts'
import { parseDefinitions } from './parse-definitions.ts'
import { KNOWN_SETTINGS, settingsSchema } from './settings.ts'
import type { Settings, SettingsInput } from './settings.ts'
import { isProperties } from './unknown-properties.ts'

/** Everything that a configuration file may say. */
export interface MailroomConfig<Name extends string = string> extends SettingsInput {
  /** The connection managers, by the names that jobs refer to. */
  readonly connections: Readonly<Record<Name, ConnectionDefinition>>
}

/** A configuration that was read and found valid, every default in its place. */
export interface ParsedConfig extends Settings {
  readonly connections: Connections
  /** What is doubtful: to be logged, nothing is refused because of it. */
  readonly warnings: readonly ConnectionWarning[]
}

/** Where connection managers may come from: a configuration, or a collection. */
export type ConnectionsSource<Name extends string = string> =
  MailroomConfig<Name> | Connections<Name>

/**
 * The names in a configuration or a collection, as a type.
 *
 * `send({ connection })` takes nothing else, so that a misspelt name does not compile.
 */
export type ConnectionName<Source extends ConnectionsSource> =
  Source extends ConnectionsSource<infer Name> ? Name : never

/** Returns `config` as it is, with its names as types; for `mailroom.config.ts`. */
export function defineConfig<Name extends string>(
  config: MailroomConfig<Name>,
): MailroomConfig<Name> {
  return config
}

/** The collection in `source`, made when it is a configuration. Throws `InvalidConfigurationError`. */
export function connectionsOf<Name extends string>(
  source: ConnectionsSource<Name>,
): CreatedConnections<Name> {
  return 'verify' in source
    ? { connections: source, warnings: [] }
    : createConnections(source.connections)
}

/** Reads a configuration of unknown origin. Throws `InvalidConfigurationError` with all problems. */
export function parseConfig(input: unknown): ParsedConfig {
  if (!isProperties(input)) throw new InvalidConfigurationError([notAConfiguration])
  const { connections = {}, ...rest } = input
  const settings = settingsSchema.safeParse(rest, { reportInput: true })
  const record = isProperties(connections) ? connections : {}
  const parsed = parseDefinitions(record)
  const issues = [
    ...(isProperties(connections) ? [] : [notConnections]),
    ...parsed.issues,
    ...(settings.success ? [] : issuesOf(settings.error, [], KNOWN_SETTINGS)),
    ...unknownNames(rest['worker'], Object.keys(record)),
  ]
  if (!settings.success || issues.length > 0) throw new InvalidConfigurationError(issues)
  return {
    ...settings.data,
    connections: collect<string>(parsed.managers),
    warnings: parsed.warnings,
  }
}

const notAConfiguration: ConfigurationIssue = {
  path: [],
  code: 'INVALID_VALUE',
  message: 'expected an object such as { queue, connections }',
}

const notConnections: ConfigurationIssue = {
  path: ['connections'],
  code: 'INVALID_VALUE',
  message: 'expected connection managers by name',
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
