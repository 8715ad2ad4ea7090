import type { ParsedConfig } from '../connections/config.ts'
import { outdatedCertificates } from '../connections/connection-warning.ts'
import type { ConnectionWarning } from '../connections/connection-warning.ts'
import { resolveReferences } from '../connections/references.ts'
import type { Context } from './context.ts'
import { loadConfiguration } from './load-configuration.ts'
import type { Configuration, LoadOptions } from './load-configuration.ts'
import type { SettingFlags, Settings } from './settings.ts'
import { askedQueue, resolveSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'
import { createTerminal } from './terminal.ts'

/** What every command that does something starts from. */
export interface Setup {
  readonly settings: Settings
  readonly config: ParsedConfig
  /** What the configuration was made from; `loadConfiguration` reads it again. */
  readonly sources: Configuration['sources']
  readonly terminal: Terminal
}

export interface SetupOptions extends Pick<LoadOptions, 'file' | 'needsConnections'> {
  /** Whether the `queue` of the file counts when nobody asked for another one; it does by default. */
  readonly usesQueue?: boolean
}

/**
 * Loads the configuration as `loadConfiguration` does, decides every setting and tells what is
 * doubtful about the files. References in the `queue` of the file are looked up only where it counts.
 */
export async function loadSetup(
  flags: SettingFlags,
  context: Context,
  { usesQueue = true, ...options }: SetupOptions = {},
): Promise<Setup> {
  const { env } = context
  const loaded = await loadConfiguration(flags, context, options)
  const { config, sources } = loaded
  const written = usesQueue && askedQueue(flags, context) === undefined ? config.queue : undefined
  const queue = written && (await resolveReferences(written.reveal(), { env }))
  const settings = resolveSettings(flags, context, { queue })
  const terminal = openTerminal(settings, context)
  tellRemarks(loaded, terminal)
  return { settings, config, sources, terminal }
}

/** Tells what is doubtful about the files that a configuration was made from. */
export function tellRemarks({ remarks }: Pick<Configuration, 'remarks'>, terminal: Terminal): void {
  for (const remark of remarks) {
    terminal.warn({ event: 'warning', ...remark }, `mailroom: ${remark.message}`)
  }
}

/** The terminal that `settings` ask for, on the process's streams. */
export function openTerminal({ json, lists, color }: Settings, { out, err }: Context): Terminal {
  return createTerminal({ out, err, json, lists, color })
}

/**
 * Tells what is doubtful about the connection managers; nothing is refused because of it.
 *
 * Whoever only enqueues hears of mistakes, and not each time of what was allowed on purpose.
 */
export function tellWarnings(
  { config, terminal }: Pick<Setup, 'config' | 'terminal'>,
  { mistakesOnly = false } = {},
): void {
  for (const warning of config.warnings) {
    if (mistakesOnly && PERMITTED.includes(warning.code)) continue
    terminal.warn({ event: 'warning', ...warning }, `mailroom: ${warning.message}`)
  }
}

/** Tells of the certificates in files that we would show and that are out of date, as they are now. */
export async function tellOutdatedCertificates(
  { config, terminal }: Pick<Setup, 'config' | 'terminal'>,
  { env }: Pick<Context, 'env'>,
): Promise<void> {
  const { connections } = config
  const managers = connections.list().map(({ name }) => connections.get(name))
  for (const warning of await outdatedCertificates(managers, { env })) {
    terminal.warn({ event: 'warning', ...warning }, `mailroom: ${warning.message}`)
  }
}

/** What somebody wrote down in so many words. */
const PERMITTED: readonly ConnectionWarning['code'][] = [
  'INSECURE_AUTH',
  'OPPORTUNISTIC_TLS',
  'LEGACY_TLS',
]
