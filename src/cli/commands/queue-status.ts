import { openPauses } from '../../fleet/pauses.ts'
import { openRegistry } from '../../fleet/registry.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup } from '../setup.ts'
import { openStoreView } from '../store-view.ts'

/** `mailroom queue status`: which names are taken, and which connection managers are used. */
export const queueStatus: Command = {
  help: `mailroom queue status: which names are taken and which connection managers used, or paused

Usage: mailroom queue status [options]

Also names that the store knows and the configuration does not.

Columns:
  connection  the name
  queue       "open", or "paused" by "queue pause": nobody takes its messages
  manager     "in use", or "paused" by "connections pause": no worker uses it
  since       since when the connection manager is paused, by the store's clock
  reason      why, as the operator wrote it
  waiting, active, delayed, dead   as in "mailroom status"

Example:
  mailroom queue status
`,
  options: COMMON_OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('queue status', args, COMMON_OPTIONS)
    const setup = await loadSetup(values, context)
    await using view = await openStoreView(setup)
    const [pauses, fleet] = await Promise.all([
      openPauses(view.store).list(),
      openRegistry(view.store).list(),
    ])
    const names = new Set([
      ...setup.config.connections.names(),
      ...fleet.names.map(({ name }) => name),
      ...[...pauses].flatMap(([name, { current }]) => (current ? [name] : [])),
    ])
    const rows = await Promise.all(
      [...names].map(async (connection) => {
        const [isPaused, depth] = await Promise.all([
          view.queues.isPaused(connection),
          view.queues.depth(connection),
        ])
        const current = pauses.get(connection)?.current
        return {
          connection,
          queue: isPaused ? 'paused' : 'open',
          manager: current ? 'paused' : 'in use',
          since: current && new Date(current.since).toISOString(),
          reason: current?.reason,
          ...depth,
        }
      }),
    )
    setup.terminal.table(rows)
    return EXIT.ok
  },
}
