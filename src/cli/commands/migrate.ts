import type { PlannedChange } from '../../store/preparations.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { migrateStore } from '../migration.ts'
import { loadSetup } from '../setup.ts'

const OPTIONS = { ...COMMON_OPTIONS, 'dry-run': { type: 'boolean' } } as const

/** `mailroom migrate`: prepares the tables of a Postgres store. */
export const migrate: Command = {
  help: `mailroom migrate: create the tables of a Postgres store, or bring them up to date

Usage: mailroom migrate [options]

  --dry-run  tell what would be done, and change nothing

Needed once for postgres:// before the first worker or producer of a version, with a user that may
create tables. An embedded store does it by itself; Redis has no tables. Running it again is fine,
and so is running it twice at once.

Examples:
  mailroom migrate --dry-run --queue postgres://mailroom@127.0.0.1/mailroom
  mailroom migrate --queue postgres://mailroom@127.0.0.1/mailroom
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('migrate', args, OPTIONS)
    const isDryRun = values['dry-run'] ?? false
    const { settings, config, terminal } = await loadSetup(values, context)
    const { prefix, schema } = config
    const { location, changes } = await migrateStore(settings.queue, { prefix, schema, isDryRun })
    for (const change of changes) {
      const event = isDryRun ? 'planned' : 'changed'
      terminal.tell({ event, store: location, ...change }, describeChange(change, isDryRun))
    }
    if (isDryRun && changes.length > 0) return EXIT.ok
    terminal.tell({ event: 'migrated', store: location }, `"${location}" is up to date`)
    return EXIT.ok
  },
}

function describeChange({ what, from, to }: PlannedChange, isDryRun: boolean): string {
  const done = from === 0 ? `created ${what}` : `brought ${what} from version ${from} to ${to}`
  if (!isDryRun) return done
  return from === 0 ? `would create ${what}` : `would bring ${what} from version ${from} to ${to}`
}
