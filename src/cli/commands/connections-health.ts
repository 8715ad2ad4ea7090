import { openHealthChanges } from '../../fleet/health-changes.ts'
import { standingsOf, type HealthStanding } from '../../fleet/health-standing.ts'
import { openTokenRecords, type TokenRecords } from '../../fleet/token-records.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup } from '../setup.ts'
import { openStoreView } from '../store-view.ts'
import { printable, type Row } from '../table.ts'
import type { Terminal } from '../terminal.ts'

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
  reason        what it found, with the stage of the session, the reply and the rule that decided
  usedAt        when a worker last said that it uses it, to five minutes
  tokenUntil    until when the access token of the name lives, where it logs in by OAuth 2.0

What to do and what was said in the login that failed follow for NAME, without secrets and mailboxes.
As JSON each line has them as "advice" and "conversation", beside "problem", "stage", "code", "status"
and "rule".

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
    const { terminal } = setup
    const tokens = openTokenRecords(view.store)
    const named = [...health]
      .filter(([name]) => wanted.includes(name))
      .map(async ([connection, record]) => {
        const token = await tokenOf(connection, tokens, now)
        return standingsOf(record, now).map((standing) => ({ connection, ...token, ...standing }))
      })
    const standings = (await Promise.all(named)).flat()
    if (terminal.lists === 'json') {
      for (const one of standings) terminal.tell(factsOf(one), JSON.stringify(factsOf(one)))
      return EXIT.ok
    }
    terminal.table(standings.map(rowOf))
    if (asked !== undefined) for (const one of standings) tellMore(one, terminal)
    return EXIT.ok
  },
}

type Named = HealthStanding & { readonly connection: string; readonly tokenUntil?: Date }

/** Until when the token of a name lives; that of the account which has the newest one. */
async function tokenOf(
  connection: string,
  tokens: TokenRecords,
  now: number,
): Promise<Pick<Named, 'tokenUntil'>> {
  const ends = [...(await tokens.ends(connection))].flatMap(([item, endsAt]) =>
    item.startsWith('access:') && endsAt > now ? [endsAt] : [],
  )
  return ends.length === 0 ? {} : { tokenUntil: new Date(Math.max(...ends)) }
}

/** A standing as programs get it. */
function factsOf(standing: Named) {
  const { stage, code, status, rule, problem, remedy, conversation } = standing
  return { ...rowOf(standing), stage, code, status, rule, problem, advice: remedy, conversation }
}

function rowOf({ connection, digest, state, blames, foundBy, reason, ...at }: Named): Row {
  return {
    connection,
    digest,
    state,
    blames,
    since: at.since?.toISOString(),
    nextProbeAt: at.nextProbeAt?.toISOString(),
    foundBy,
    reason,
    usedAt: at.usedAt.toISOString(),
    tokenUntil: at.tokenUntil?.toISOString(),
  }
}

function tellMore(
  { digest, remedy, conversation = [] }: Named,
  terminal: Pick<Terminal, 'say' | 'style'>,
): void {
  if (remedy === undefined && conversation.length === 0) return
  terminal.say()
  terminal.say(terminal.style('bold', digest))
  if (remedy !== undefined) terminal.say(printable(remedy))
  for (const line of conversation) terminal.say(terminal.style('dim', printable(line)))
}
