import type { ParsedConfig } from '../connections/config.ts'
import { parseConfig } from '../connections/config.ts'
import { resolveReferences } from '../connections/references.ts'
import { CONFIG_FILES, loadConfigFile } from './config-file.ts'
import type { Context } from './context.ts'
import { ConfigNotFoundError } from './errors.ts'
import type { SettingFlags, Settings } from './settings.ts'
import { resolveSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'
import { createTerminal } from './terminal.ts'

/** What every command that does something starts from. */
export interface Setup {
  readonly settings: Settings
  readonly config: ParsedConfig
  readonly terminal: Terminal
}

/** Where `mailroom dev` catches mail unless told otherwise. */
export const CATCH_ALL_PORT = 2525

/** What there is without any configuration. */
const BUILT_IN = {
  connections: {
    default: {
      server: '127.0.0.1',
      port: CATCH_ALL_PORT,
      tls: 'none',
      from: 'Mailroom <mailroom@example.com>',
    },
  },
}

/**
 * Loads the configuration and decides every setting.
 *
 * Without a configuration file there is one connection manager, `default`, which is the catch-all
 * server of `mailroom dev`; where a file is `needed` that is a `ConfigNotFoundError`.
 */
export async function loadSetup(
  flags: SettingFlags,
  context: Context,
  { file = 'optional' }: { readonly file?: 'needed' | 'optional' | 'none' } = {},
): Promise<Setup> {
  const { env, cwd } = context
  const asked = resolveSettings(flags, context).configFile
  const loaded = file === 'none' ? undefined : await loadConfigFile(asked, cwd)
  if (loaded === undefined && file === 'needed') {
    throw new ConfigNotFoundError(
      `there is no configuration in "${cwd}": expected ` +
        `${CONFIG_FILES.map((name) => `"${name}"`).join(', ')} or "--config FILE"`,
    )
  }
  const config = parseConfig(loaded?.content ?? BUILT_IN)
  const queue =
    config.queue === undefined ? undefined : await resolveReferences(config.queue.reveal(), { env })
  const settings = resolveSettings(flags, context, { queue })
  return { settings, config, terminal: openTerminal(settings, context) }
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
    if (mistakesOnly && warning.code === 'INSECURE_AUTH') continue
    terminal.warn({ event: 'warning', ...warning }, `mailroom: ${warning.message}`)
  }
}
