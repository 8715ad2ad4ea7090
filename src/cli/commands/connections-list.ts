import type { ConnectionSummary } from '../../connections/connection-summary.ts'
import { describeOrigin } from '../connection-properties.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup, tellWarnings } from '../setup.ts'
import type { Row } from '../table.ts'

/** `mailroom connections list`: every connection manager on a line. */
export const connectionsList: Command = {
  help: `mailroom connections list: every connection manager, with its server, login and limits

Usage: mailroom connections list [options]

Only the configuration is read: neither the store nor a server is asked, no secret is looked up.

Columns:
  connection    the name that jobs refer to
  server, port  where its sessions lead
  tls           none, starttls or implicit
  auth          how it logs in
  from          the sender of messages that name none
  sessions      how many may be open at once, in the whole fleet
  origin        where it is defined: a file, a variable, or code
  description   what it is for

Examples:
  mailroom connections list
  mailroom connections list | jq -r .connection
`,
  options: COMMON_OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('connections list', args, COMMON_OPTIONS)
    const setup = await loadSetup(values, context, { usesQueue: false })
    tellWarnings(setup)
    setup.terminal.table(setup.config.connections.list().map((known) => rowOf(known, context.cwd)))
    return EXIT.ok
  },
}

function rowOf(summary: ConnectionSummary, cwd: string): Row {
  const { name, server, port, tls, auth, from, limits, origin, description } = summary
  return {
    connection: name,
    server,
    port,
    tls,
    auth: auth.method,
    from,
    sessions: limits.sessions,
    origin: describeOrigin(origin, cwd),
    description,
  }
}
