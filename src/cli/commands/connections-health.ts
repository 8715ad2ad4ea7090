import { openHealthChanges } from '../../fleet/health-changes.ts'
import { standingsOf, type HealthStanding } from '../../fleet/health-standing.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup } from '../setup.ts'
import { openStoreView } from '../store-view.ts'

/** `mailroom connections health`: what the workers know of each connection manager. */
export const connectionsHealth: Command = {
  help: `mailroom connections health: what all workers know of each connection manager they used

Usage: mailroom connections health [NAME] [options]

The store is asked, and no server: "connections verify" tries one. NAME may be a group: its members. Workers with another server or
credential under the same name have a line of their own.

Columns:
  connection    the name
  digest        tells managers of one name apart that differ in server, TLS or credentials
  state         "works", "parked" (nothing is tried), "asked" (one session finds out now), "unknown"
  blames        what parks it: "manager" (the server or the way to it), "account" or "throttle"
  since         since when mail could not flow through it, by the store's clock
  nextProbeAt   when one session of the fleet tries again, unless "connections resume" comes first
  foundBy       the worker that found it so
  reason        what it found
  usedAt        when a worker last said that it uses it, to five minutes

Examples:
  mailroom connections health
  mailroom connections health | jq 'select(.state == "parked")'
`,
  options: COMMON_OPTIONS,
  completes: 'connections',
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('connections health', args, COMMON_OPTIONS, 1)
    const [asked] = positionals
    const setup = await loadSetup(values, context)
    await using view = await openStoreView(setup)
    const health = await openHealthChanges(view.store).all()
    const { connections } = setup.config
    const wanted =
      asked === undefined || (health.has(asked) && !connections.has(asked))
        ? [...health.keys()].filter((name) => asked === undefined || name === asked)
        : connections.group(asked).members.map(({ name }) => name)
    const now = await view.store.nowMs()
    const rows = [...health]
      .filter(([name]) => wanted.includes(name))
      .flatMap(([name, record]) =>
        standingsOf(record, now).map((standing) => rowOf(name, standing)),
      )
    setup.terminal.table(rows)
    return EXIT.ok
  },
}

function rowOf(connection: string, standing: HealthStanding) {
  const { digest, state, blames, since, nextProbeAt, foundBy, reason, usedAt } = standing
  return {
    connection,
    digest,
    state,
    blames,
    since: since?.toISOString(),
    nextProbeAt: nextProbeAt?.toISOString(),
    foundBy,
    reason,
    usedAt: usedAt.toISOString(),
  }
}
