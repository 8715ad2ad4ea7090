import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup } from '../setup.ts'
import { openStoreView } from '../store-view.ts'

/** `mailroom migrate`: prepares the tables of a Postgres store. */
export const migrate: Command = {
  help: `mailroom migrate: create the tables of a Postgres store, or bring them up to date

Usage: mailroom migrate [options]

Needed once for postgres:// before the first worker or producer of a version, with a user that may
create tables. An embedded store does it by itself; Redis has no tables. Running it again is fine.

Example:
  mailroom migrate --queue postgres://mailroom@127.0.0.1/mailroom
`,
  options: COMMON_OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('migrate', args, COMMON_OPTIONS)
    const setup = await loadSetup(values, context)
    await using view = await openStoreView(setup, { migrate: true })
    const { location } = view.store
    setup.terminal.tell({ event: 'migrated', store: location }, `"${location}" is up to date`)
    return EXIT.ok
  },
}
