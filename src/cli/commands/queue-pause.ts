import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command, Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { loadSetup } from '../setup.ts'
import { openStoreView } from '../store-view.ts'

/** `mailroom queue pause`: nobody takes a name's messages. */
export const queuePause: Command = {
  help: `mailroom queue pause: have nobody take the messages of a name, until it is resumed

Usage: mailroom queue pause NAME [options]

Workers finish what they have and take no more; new messages are accepted and wait. They go on
ageing: what is given up after five days, or at its own deadline, does not wait for you.

"mailroom connections pause NAME" stops the use of the connection manager instead, whatever name
leads to it: its mail does not age, and nobody logs in.

Example:
  mailroom queue pause bulk
`,
  options: COMMON_OPTIONS,
  completes: 'connections',
  run: async (args, context) => change('pause', args, context),
}

/** `mailroom queue resume`: a name's messages are taken again. */
export const queueResume: Command = {
  help: `mailroom queue resume: have the messages of a name taken again

Usage: mailroom queue resume NAME [options]

Example:
  mailroom queue resume bulk
`,
  options: COMMON_OPTIONS,
  completes: 'connections',
  run: async (args, context) => change('resume', args, context),
}

async function change(
  what: 'pause' | 'resume',
  args: readonly string[],
  context: Context,
): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine(`queue ${what}`, args, COMMON_OPTIONS, 1)
  const [name] = positionals
  if (name === undefined) throw new UsageError(`"queue ${what}" expects the name of a connection`)
  const setup = await loadSetup(values, context)
  await using view = await openStoreView(setup)
  const wasPaused = await view.queues.isPaused(name)
  // A name that has left the configuration may still be paused.
  if (!wasPaused) setup.config.connections.group(name)
  const { waiting } = await view.queues.depth(name)
  await view.queues[what](name)
  const quoted = JSON.stringify(name)
  setup.terminal.tell(
    { event: `queue-${what}d`, connection: name, wasPaused, waiting },
    what === 'pause'
      ? `nobody takes messages of ${quoted} before "mailroom queue resume"; ${waiting} wait`
      : `messages of ${quoted} are taken again; ${waiting} wait`,
  )
  return EXIT.ok
}
