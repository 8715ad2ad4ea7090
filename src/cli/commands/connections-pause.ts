import { formatDuration } from '../../duration.ts'
import { openHealthChanges } from '../../fleet/health-changes.ts'
import { openPauses } from '../../fleet/pauses.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup } from '../setup.ts'
import { openStoreView } from '../store-view.ts'

const PAUSE_OPTIONS = { ...COMMON_OPTIONS, reason: { type: 'string' } } as const

const MAX_REASON = 200

/** `mailroom connections pause`: no worker uses a connection manager. */
export const connectionsPause: Command = {
  help: `mailroom connections pause: have no worker use a connection manager, until it is resumed

Usage: mailroom connections pause NAME [--reason TEXT] [options]

  --reason TEXT   why; shown by "queue status", in logs and events, so no secrets in it

Every worker stops using it within a second: what is being delivered ends, what waits stays, and
spends neither attempts nor age. No login is tried. It holds for workers that start later, and until
"mailroom connections resume NAME".

"mailroom queue pause NAME" only stops the taking of a name's messages, which go on ageing.

Example:
  mailroom connections pause relay --reason "moves to another rack"
`,
  options: PAUSE_OPTIONS,
  completes: 'connections',
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('connections pause', args, PAUSE_OPTIONS, 1)
    const name = nameIn(positionals, 'connections pause')
    const { reason } = values
    if (reason !== undefined && reason.length > MAX_REASON) {
      throw new UsageError(`"--reason" expects at most ${MAX_REASON} characters`)
    }
    const setup = await loadSetup(values, context)
    setup.config.connections.get(name)
    await using view = await openStoreView(setup)
    const { current } = await openPauses(view.store).pause(name, reason)
    const since = new Date(current?.since ?? 0).toISOString()
    setup.terminal.tell(
      { event: 'paused', connection: name, since, reason: current?.reason },
      `${JSON.stringify(name)} is paused: no worker uses it before "mailroom connections resume"`,
    )
    return EXIT.ok
  },
}

/** `mailroom connections resume`: workers use a connection manager again. */
export const connectionsResume: Command = {
  help: `mailroom connections resume: have workers use a connection manager again

Usage: mailroom connections resume NAME [options]

One that cannot be used for another reason, such as a password that was refused, is tried again at
once, by one session of the whole fleet: call this when you have mended it, paused or not.

Example:
  mailroom connections resume relay
`,
  options: COMMON_OPTIONS,
  completes: 'connections',
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('connections resume', args, COMMON_OPTIONS, 1)
    const name = nameIn(positionals, 'connections resume')
    const setup = await loadSetup(values, context)
    await using view = await openStoreView(setup)
    const pauses = openPauses(view.store)
    // What is paused may have left the configuration since.
    if (!setup.config.connections.has(name) && !(await pauses.list()).has(name)) {
      setup.config.connections.get(name)
    }
    // Workers that start later must find it mended, too: only then those that live are told.
    await openHealthChanges(view.store).mend(name)
    const ended = await pauses.resume(name)
    const pausedMs = ended && Math.max(0, Math.round((await view.store.nowMs()) - ended.since))
    setup.terminal.tell(
      { event: 'resumed', connection: name, wasPaused: ended !== undefined, pausedMs },
      pausedMs === undefined
        ? `${JSON.stringify(name)} was not paused; workers that could not use it try again now`
        : `${JSON.stringify(name)} is in use again, after ${formatDuration(pausedMs)}`,
    )
    return EXIT.ok
  },
}

function nameIn([name]: readonly string[], command: string): string {
  if (name !== undefined) return name
  throw new UsageError(`"${command}" expects the name of a connection manager`)
}
