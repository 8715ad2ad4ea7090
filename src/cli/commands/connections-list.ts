import type { ConnectionSummary } from '../../connections/connection-summary.ts'
import type { GroupSummary } from '../../connections/connections.ts'
import { describeMembers } from '../describe-group.ts'
import { describeOrigin } from '../connection-properties.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup, tellWarnings } from '../setup.ts'
import type { Row } from '../table.ts'

/** `mailroom connections list`: every connection manager and group on a line. */
export const connectionsList: Command = {
  help: `mailroom connections list: every connection manager, with its server, login and limits, and every group

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
  group         of a group: its strategy and members

Examples:
  mailroom connections list
  mailroom connections list | jq -r .connection
`,
  options: COMMON_OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('connections list', args, COMMON_OPTIONS)
    const setup = await loadSetup(values, context, { usesQueue: false })
    tellWarnings(setup)
    const { connections } = setup.config
    const groups = connections.groups()
    setup.terminal.table([
      ...connections.list().map((known) => ({
        ...rowOf(known, context.cwd),
        ...(groups.length > 0 && { group: undefined }),
      })),
      ...groups.map((group) => groupRowOf(group, context.cwd)),
    ])
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

/** The columns of a connection manager, most of them empty. */
function groupRowOf({ name, origin, description, ...group }: GroupSummary, cwd: string): Row {
  return {
    connection: name,
    server: undefined,
    port: undefined,
    tls: undefined,
    auth: undefined,
    from: undefined,
    sessions: undefined,
    origin: describeOrigin(origin, cwd),
    description,
    group: describeMembers(group),
  }
}
