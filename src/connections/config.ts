import type { ConfigurationIssue } from './configuration-issue.ts'
import type { ConnectionDefinition } from './connection-definition.ts'
import type { ConnectionWarning } from './connection-warning.ts'
import { collect, createConnections } from './connections.ts'
import type { Connections, CreatedConnections } from './connections.ts'
import type { EnvironmentLayer } from './environment-layer.ts'
import { readEnvironments } from './environments.ts'
import type { ConfigChoice } from './environments.ts'
import { InvalidConfigurationError } from './errors.ts'
import type { GroupDefinition } from './manager-group.ts'
import type { Settings, SettingsInput } from './settings.ts'
import { isProperties } from './unknown-properties.ts'

/** Everything that a configuration file may say. */
export interface MailroomConfig<Name extends string = string> extends SettingsInput {
  /** The connection managers, by the names that jobs refer to. */
  readonly connections: { readonly [Key in Name]?: ConnectionDefinition }
  /** Names that stand for several connection managers; jobs refer to them in the same way. */
  readonly groups?: { readonly [Key in Name]?: GroupDefinition }
  /** What is otherwise in an environment, by its name: production, staging … */
  readonly environments?: Readonly<Record<string, EnvironmentLayer<NoInfer<Name>>>>
}

/** A configuration that was read and found valid, every default in its place. */
export interface ParsedConfig<Name extends string = string> extends Settings {
  readonly connections: Connections<Name>
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
    : createConnections<Name, Name>(source.connections, source.groups)
}

/**
 * Reads a configuration of unknown origin.
 *
 * Throws `InvalidConfigurationError` with all problems, and `UnknownEnvironmentError`.
 */
export function parseConfig(input: unknown, choice: ConfigChoice = {}): ParsedConfig {
  return parseConfigOf(input, choice)
}

/** The same for a configuration whose names are known as types. */
export function parseConfigOf<Name extends string>(
  input: unknown,
  choice: ConfigChoice,
): ParsedConfig<Name> {
  if (!isProperties(input)) throw new InvalidConfigurationError([NOT_A_CONFIGURATION])
  const { settings, managers, groups, origins, warnings, issues } = readEnvironments(input, choice)
  if (!settings || issues.length > 0) throw new InvalidConfigurationError(issues)
  return { ...settings, connections: collect<Name>(managers, { groups, origins }), warnings }
}

const NOT_A_CONFIGURATION: ConfigurationIssue = {
  path: [],
  code: 'INVALID_VALUE',
  message: 'expected an object such as { queue, connections }',
}
