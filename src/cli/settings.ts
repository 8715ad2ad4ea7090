import path from 'node:path'

import { LOG_LEVELS, type LogLevel } from '../telemetry/log-levels.ts'
import { UsageError } from './errors.ts'
import type { ListForm } from './terminal.ts'

/** What the process was given from outside besides its arguments. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean
}

/** The flags that settings are made from, as `COMMON_OPTIONS` and `worker` declare them. */
export interface SettingFlags {
  readonly config?: string | undefined
  readonly environment?: string | undefined
  readonly queue?: string | undefined
  readonly json?: boolean | undefined
  readonly table?: boolean | undefined
  readonly verbose?: boolean | undefined
  readonly 'no-color'?: boolean | undefined
  readonly 'log-level'?: string | undefined
}

/** Everything that commands need to know before they look at their own options. */
export interface Settings {
  /** The configuration file to load; absent: look for one in `cwd`. */
  readonly configFile: string | undefined
  /** The environment of the configuration that counts, if any. */
  readonly environment: string | undefined
  readonly queue: string
  readonly json: boolean
  /** How data is written: tables on a terminal, JSON lines elsewhere and with `--json`. */
  readonly lists: ListForm
  readonly verbose: boolean
  readonly color: boolean
  readonly logLevel: LogLevel
}

/** Where `dev`, `demo` and every command without other settings keep what they keep. */
export const DEFAULT_DIRECTORY = '.mailroom'

/** The surroundings of this process; the only place that reads them. */
export function readSurroundings(): Surroundings {
  return { env: process.env, cwd: process.cwd(), isTerminal: process.stdout.isTTY ?? false }
}

/**
 * Decides each setting: a flag, else the environment (`MAILROOM_CONFIG`, `MAILROOM_ENV`,
 * `MAILROOM_QUEUE`, `MAILROOM_LOG_LEVEL`, `NO_COLOR`, `FORCE_COLOR`), else the configuration file,
 * else the default.
 */
export function resolveSettings(
  flags: SettingFlags,
  { env, cwd, isTerminal }: Surroundings,
  file: { readonly queue?: string | undefined } = {},
): Settings {
  const json = flags.json ?? false
  if (json && flags.table === true) throw new UsageError('"--json" and "--table": give one of them')
  return {
    configFile: flags.config ?? nonEmpty(env['MAILROOM_CONFIG']),
    // Not NODE_ENV: it tells libraries how to behave and is "production" in most images anywhere.
    environment: flags.environment ?? nonEmpty(env['MAILROOM_ENV']),
    queue:
      askedQueue(flags, { env }) ??
      file.queue ??
      `embedded:${path.resolve(cwd, DEFAULT_DIRECTORY, 'store')}`,
    json,
    lists: !json && (flags.table ?? isTerminal) ? 'tables' : 'json',
    verbose: flags.verbose ?? false,
    color: !json && flags['no-color'] !== true && wantsColor(env, isTerminal),
    logLevel: parseLevel(flags['log-level'] ?? nonEmpty(env['MAILROOM_LOG_LEVEL']) ?? 'info'),
  }
}

/** Where jobs wait, as a flag or a variable says; then what the configuration file says is not used. */
export function askedQueue(
  flags: SettingFlags,
  { env }: Pick<Surroundings, 'env'>,
): string | undefined {
  return flags.queue ?? nonEmpty(env['MAILROOM_QUEUE'])
}

/** As Node has it: `FORCE_COLOR` beats `NO_COLOR`, both beat the terminal. */
function wantsColor(env: Surroundings['env'], isTerminal: boolean): boolean {
  const forced = nonEmpty(env['FORCE_COLOR'])
  if (forced !== undefined) return !['0', 'false'].includes(forced)
  return isTerminal && nonEmpty(env['NO_COLOR']) === undefined
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

function parseLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level !== undefined) return level
  throw new UsageError(
    `expected a log level of ${LOG_LEVELS.join(', ')}, got ${JSON.stringify(text)}`,
  )
}
