import { propertiesOf, type ShownProperty } from '../connection-properties.ts'
import { groupPropertiesOf } from '../describe-group.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup, tellWarnings } from '../setup.ts'
import type { Row } from '../table.ts'

/** `mailroom connections show`: every property of one connection manager or group. */
export const connectionsShow: Command = {
  help: `mailroom connections show: every property of a connection manager or group, and where it comes from

Usage: mailroom connections show NAME [options]

References such as \${env:NAME} are shown as they are written, other secrets as [secret]. "default"
marks what was not changed.

Examples:
  mailroom connections show relay
  mailroom connections show relay | jq 'select(.default | not)'
`,
  options: COMMON_OPTIONS,
  completes: 'connections',
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('connections show', args, COMMON_OPTIONS, 1)
    const [name] = positionals
    if (name === undefined) {
      throw new UsageError('"connections show" expects the name of a connection manager')
    }
    const setup = await loadSetup(values, context, { usesQueue: false })
    const { connections } = setup.config
    connections.group(name)
    tellWarnings(setup)
    const properties = [
      ...connections
        .list()
        .filter((known) => known.name === name)
        .map((known) => propertiesOf(known, context.cwd)),
      ...connections
        .groups()
        .filter((known) => known.name === name)
        .map((known) => groupPropertiesOf(known, context.cwd)),
    ].flat()
    const isForPeople = setup.terminal.lists === 'tables'
    setup.terminal.table(properties.map((shown) => (isForPeople ? rowOf(shown) : { ...shown })))
    return EXIT.ok
  },
}

function rowOf({ property, value, default: isDefault, origin }: ShownProperty): Row {
  return { property, value, origin: isDefault ? 'default' : origin }
}
