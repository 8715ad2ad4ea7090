import path from 'node:path'

import { parseConfig, type ParsedConfig } from '../connections/config.ts'
import { referencesOf } from '../connections/config-references.ts'
import type { ConfigurationIssue } from '../connections/configuration-issue.ts'
import { connectionVariablesIn } from '../connections/connection-variable.ts'
import { InvalidConfigurationError } from '../connections/errors.ts'
import type { FileLook, Looks } from '../connections/file-look.ts'
import { BUILT_IN_CONFIG } from './built-in-config.ts'
import { CONFIG_FILES, loadConfigFile, type ConfigFile } from './config-file.ts'
import { ConfigNotFoundError } from './errors.ts'
import type { SettingFlags, Surroundings } from './settings.ts'
import { resolveSettings } from './settings.ts'

/** A configuration as it is now, and everything that would make it another one. */
export interface Configuration {
  readonly config: ParsedConfig
  /** Absent: there is none, and the built-in one counts. */
  readonly file: string | undefined
  readonly sources: ConfigurationSources
  /** What is doubtful about its files: to be told, nothing is refused because of it. */
  readonly remarks: readonly ConfigurationRemark[]
}

export interface ConfigurationSources {
  /** The configuration file and what it imports by path; absolute. */
  readonly files: readonly string[]
  /** How each of them looked before it was read. */
  readonly looks: Looks
  /** What `${file:…}` refers to; absolute. */
  readonly secretFiles: readonly string[]
  /** The environment variables that say something in it, by their names. */
  readonly variables: readonly string[]
}

export interface ConfigurationRemark {
  readonly code: 'SEVERAL_CONFIG_FILES'
  readonly message: string
}

export interface LoadOptions {
  /**
   * Whether there must be a file (`demanded`), or a file or variables (`needed`), may be one
   * (`optional`, the default), or is none looked for.
   */
  readonly file?: 'demanded' | 'needed' | 'optional' | 'none'
  /** Whether a configuration without any connection manager is refused; off by default. */
  readonly needsConnections?: boolean
  /** Reads modules from disk although this process has imported them; off by default. */
  readonly anew?: boolean
  /** Hears how each file that counts looks before it is read, whether it can be loaded or not. */
  readonly onFile?: (seen: FileLook) => void
}

/**
 * Loads the configuration that `flags` and surroundings ask for: file, environment, variables.
 *
 * Nothing is kept between two calls, so that a running process may call it (with `anew`) whenever one
 * of `sources` changed. Without a file the connection managers are those that variables define; without
 * these either there is one, `default`, which is the catch-all server of `mailroom dev`, and where a
 * file is `needed` that is a `ConfigNotFoundError`. Throws `ConfigUnreadableError`,
 * `InvalidConfigurationError` and `UnknownEnvironmentError` too.
 */
export async function loadConfiguration(
  flags: SettingFlags,
  surroundings: Surroundings,
  {
    file = 'optional',
    needsConnections = false,
    anew = false,
    onFile = () => {},
  }: LoadOptions = {},
): Promise<Configuration> {
  const { env, cwd } = surroundings
  const { configFile, environment } = resolveSettings(flags, surroundings)
  const looks = new Map<string, string>()
  const note = (seen: FileLook): void => {
    looks.set(seen.file, seen.look)
    onFile(seen)
  }
  const reading = { env, anew, onFile: note }
  const loaded = file === 'none' ? undefined : await loadConfigFile(configFile, cwd, reading)
  const defined = file === 'none' ? [] : connectionVariablesIn(env)
  const isEnough = file === 'needed' ? defined.length > 0 : file !== 'demanded'
  if (loaded === undefined && !isEnough) throw new ConfigNotFoundError(notFound(cwd))
  const config = parseConfig(
    loaded === undefined ? (defined.length === 0 ? BUILT_IN_CONFIG : {}) : loaded.content,
    file === 'none' ? {} : { environment, env, file: loaded?.file },
  )
  if (needsConnections && config.connections.names().length === 0) {
    throw new InvalidConfigurationError([NO_CONNECTIONS])
  }
  const references = referencesOf(config)
  return {
    config,
    file: loaded?.file,
    sources: {
      files: loaded === undefined ? [] : [loaded.file, ...loaded.imports],
      looks,
      secretFiles: references.files.map((name) => path.resolve(cwd, name)),
      variables: [...defined, ...references.variables],
    },
    remarks: loaded === undefined ? [] : remarksOn(loaded),
  }
}

const NO_CONNECTIONS: ConfigurationIssue = {
  path: ['connections'],
  code: 'INVALID_VALUE',
  message: 'expected at least one connection manager, got none',
}

function notFound(cwd: string): string {
  const names = CONFIG_FILES.map((name) => `"${name}"`).join(', ')
  return `there is no configuration in "${cwd}": expected ${names}, "--config FILE" or variables`
}

function remarksOn({ file, passedOver }: ConfigFile): readonly ConfigurationRemark[] {
  if (passedOver.length === 0) return []
  const others = passedOver.map((name) => JSON.stringify(path.basename(name))).join(', ')
  const message = `"${file}" is the configuration and ${others} beside it is not read: keep one`
  return [{ code: 'SEVERAL_CONFIG_FILES', message }]
}
