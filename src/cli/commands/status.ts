import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup, tellWarnings } from '../setup.ts'
import { openStoreView } from '../store-view.ts'

const OPTIONS = { ...COMMON_OPTIONS, connection: { type: 'string', multiple: true } } as const

/** `mailroom status`: how many messages stand where, for each connection. */
export const status: Command = {
  help: `mailroom status: how many messages wait, run, are delayed or held, for each connection

Usage: mailroom status [--connection NAME]... [options]

  --connection NAME   only this one; may be repeated

Columns:
  waiting     in the queue, taken as soon as a worker has a session
  active      being delivered now
  delayed     deferred, or scheduled for later
  dead        at an end without delivery: what the next three columns count, or set aside
  uncertain   sent, but the answer never came: held until somebody decides
  refused     at least one recipient was refused for good
  expired     given up by age or by the sender's own deadline

Examples:
  mailroom status
  mailroom status | jq 'select(.refused > 0).connection'
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('status', args, OPTIONS)
    const setup = await loadSetup(values, context)
    tellWarnings(setup, { mistakesOnly: true })
    const { connections } = setup.config
    const names = values.connection ?? connections.names()
    for (const name of names) connections.get(name)
    await using view = await openStoreView(setup)
    const rows = await Promise.all(
      names.map(async (connection) => {
        const [depth, held] = await Promise.all([
          view.queues.depth(connection),
          view.ledger.countHeld(connection),
        ])
        return { connection, ...depth, ...held }
      }),
    )
    setup.terminal.table(rows)
    return EXIT.ok
  },
}
