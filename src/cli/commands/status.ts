import type { Connections } from '../../connections/connections.ts'
import { formatDuration } from '../../duration.ts'
import { readBudgets, type BudgetStanding } from '../../fleet/budget-standing.ts'
import { workersByName, type Fleet } from '../../fleet/fleet.ts'
import { openHealthChanges } from '../../fleet/health-changes.ts'
import { parkedStanding } from '../../fleet/health-standing.ts'
import type { ManagerHealth } from '../../fleet/manager-health.ts'
import type { ManagerPauses } from '../../fleet/manager-pauses.ts'
import { openPauses } from '../../fleet/pauses.ts'
import { property } from '../../job/property.ts'
import type { TakenJob } from '../../queue/queues.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { describeParked } from '../describe-parked.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup, tellWarnings } from '../setup.ts'
import { openStoreView, type StoreView } from '../store-view.ts'
import type { Terminal } from '../terminal.ts'

const OPTIONS = { ...COMMON_OPTIONS, connection: { type: 'string', multiple: true } } as const

/** `mailroom status`: how many messages stand where, and who works on them. */
export const status: Command = {
  help: `mailroom status: how many messages wait, run, are delayed or held, for each connection

Usage: mailroom status [--connection NAME]... [options]

  --connection NAME   only this one; may be repeated

Also names that the store knows and the configuration does not.

Columns:
  waiting     in the queue, taken as soon as a worker has a session
  active      being delivered now
  delayed     deferred, or scheduled for later
  dead        at an end without delivery: what the next three columns count, or set aside
  uncertain   sent, but the answer never came: held until somebody decides
  refused     at least one recipient was refused for good
  expired     given up by age, by the sender's own deadline, or because its job was lost
  workers     live workers that take messages of this name
  sessions    SMTP sessions that workers hold of this manager
  leases      who holds how many of them; shown in JSON, and with --connection
  perMinute   messages that all workers together may send now, where a rate limits them
  oldest      how long ago the first waiting message could have been sent; "oldestMs" in JSON
  remark      what somebody should look at: a manager that cannot be used, what an operator has paused,
              what a server had slow down

The last line of a table counts the live workers.

Examples:
  mailroom status
  mailroom status | jq 'select(.workers == 0 and .waiting > 0).connection'
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('status', args, OPTIONS)
    const setup = await loadSetup(values, context)
    tellWarnings(setup, { mistakesOnly: true })
    const { terminal, config } = setup
    await using view = await openStoreView(setup)
    const [fleet, pauses, health] = await Promise.all([
      view.registry.list(),
      openPauses(view.store).list(),
      openHealthChanges(view.store).all(),
    ])
    const names = namesToShow(values.connection, config.connections, fleet)
    const now = await view.store.nowMs()
    const budgets = await readBudgets(view.store, now)
    const standings = await Promise.all(
      names.map((name) =>
        standingOf(name, view, fleet, config.connections, now, { pauses, health, budgets }),
      ),
    )
    terminal.table(terminal.lists === 'json' ? standings : standings.map(rowOf))
    if (terminal.lists === 'tables') {
      if (values.connection) {
        const managers = names.flatMap((name) => managersOf(name, config.connections))
        for (const name of new Set(managers)) tellLeases(name, budgets.get(name), terminal)
      }
      terminal.say(describeWorkers(fleet))
    }
    return EXIT.ok
  },
}

/** The names that are asked for, or all. Throws `UnknownConnectionError`. */
function namesToShow(
  asked: readonly string[] | undefined,
  connections: Connections,
  fleet: Fleet,
): readonly string[] {
  const known = new Set([...connections.names(), ...fleet.names.map(({ name }) => name)])
  for (const name of asked ?? []) if (!known.has(name)) connections.group(name)
  return asked ?? [...known]
}

/** What keeps mail from flowing, or slows it down, by name. */
interface Stops {
  readonly pauses: ReadonlyMap<string, ManagerPauses>
  readonly health: ReadonlyMap<string, ManagerHealth>
  readonly budgets: ReadonlyMap<string, BudgetStanding>
}

/** How a name stands, as programs get it. */
async function standingOf(
  connection: string,
  { queues, ledger }: StoreView,
  fleet: Fleet,
  connections: Connections,
  now: number,
  stops: Stops,
) {
  const [depth, held, heads, isStopped] = await Promise.all([
    queues.depth(connection),
    ledger.countHeld(connection),
    queues.heads(connection),
    queues.isPaused(connection),
  ])
  const workers = workersByName(fleet).get(connection) ?? 0
  const since = heads.map(dueSince).filter((at) => at !== undefined)
  const managers = managersOf(connection, connections)
  const leases = leasesOf(managers, stops)
  const remarks = [
    ...managers.flatMap((manager) => {
      const told = stopsOf(manager, now, stops)
      return manager === connection ? told : told.map((one) => `${manager} ${one}`)
    }),
    ...(isStopped ? ['queue paused'] : []),
    ...(depth.waiting > 0 && workers === 0 ? [`${depth.waiting} waiting, no worker`] : []),
    ...(connections.names().includes(connection) ? [] : ['not in the configuration']),
  ]
  return {
    connection,
    ...depth,
    ...held,
    workers,
    sessions: leases.reduce((sum, { sessions }) => sum + sessions, 0),
    leases: leases.map(({ worker, sessions }) => `${worker}: ${sessions}`).join(', '),
    perMinute: stops.budgets.get(connection)?.perMinute,
    oldestMs: since.length === 0 ? undefined : Math.max(0, Math.round(now - Math.min(...since))),
    remark: remarks.length === 0 ? undefined : remarks.join('; '),
  }
}

/** The connection managers behind a name: those of a group, or the one that is called so. */
function managersOf(connection: string, connections: Connections): readonly string[] {
  if (!connections.has(connection)) return [connection]
  return connections.group(connection).members.map(({ name }) => name)
}

function leasesOf(managers: readonly string[], { budgets }: Stops): BudgetStanding['leases'] {
  return managers.flatMap((manager) => budgets.get(manager)?.leases ?? [])
}

/** What keeps mail from flowing through a connection manager, or slows it down. */
function stopsOf(
  manager: string,
  now: number,
  { pauses, health, budgets }: Stops,
): readonly string[] {
  const lowered = budgets.get(manager)?.lowered
  const pause = pauses.get(manager)?.current
  const known = health.get(manager)
  const parked = known && parkedStanding(known, now)
  return [
    ...(pause ? [`paused${pause.reason === undefined ? '' : `: ${pause.reason}`}`] : []),
    ...(parked ? [describeParked(parked, now)] : []),
    ...(lowered ? [describeLowered(lowered, now)] : []),
  ]
}

function describeLowered(
  { perMinute, since }: Required<BudgetStanding>['lowered'],
  now: number,
): string {
  const forMs = Math.max(0, Math.round(now - since.getTime()))
  return `slowed down by its server to ${perMinute} a minute, for ${formatDuration(forMs)}`
}

function rowOf({
  oldestMs,
  remark,
  leases: _inLines,
  ...rest
}: Awaited<ReturnType<typeof standingOf>>) {
  return {
    ...rest,
    oldest: oldestMs === undefined ? undefined : formatDuration(oldestMs),
    remark,
  }
}

/** Who holds the sessions of a manager, for those who ask for it by name. */
function tellLeases(
  name: string,
  standing: BudgetStanding | undefined,
  terminal: Pick<Terminal, 'say'>,
): void {
  for (const { worker, sessions } of standing?.leases ?? []) {
    const held = sessions === 1 ? '1 session' : `${sessions} sessions`
    terminal.say(`${worker} holds ${held} of "${name}"`)
  }
}

/** When a job could first have been sent; undefined when it cannot be read. */
function dueSince({ data }: TakenJob): number | undefined {
  const acceptedAt = property(data, 'acceptedAt')
  const notBefore = property(data, 'notBefore')
  if (typeof acceptedAt !== 'number') return undefined
  return typeof notBefore === 'number' ? Math.max(acceptedAt, notBefore) : acceptedAt
}

function describeWorkers({ workers }: Fleet): string {
  if (workers.length === 0) return 'no worker is alive'
  const count = workers.length === 1 ? '1 worker is alive' : `${workers.length} workers are alive`
  const versions = Map.groupBy(workers, ({ version }) => version)
  if (versions.size === 1) return `${count}, version ${workers[0]?.version}`
  const each = [...versions].map(([version, some]) => `${some.length} of version ${version}`)
  return `${count}: ${each.join(', ')}`
}
