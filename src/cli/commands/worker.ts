import type { FileLook } from '../../connections/file-look.ts'
import { parseDuration } from '../../duration.ts'
import { COMMON_OPTIONS, parseCommandLine, parsePort } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadConfiguration, type Configuration } from '../load-configuration.ts'
import { loadSetup } from '../setup.ts'
import { onHangup, untilSignal } from '../signals.ts'
import { openWork } from '../work.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  connections: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  'log-level': { type: 'string' },
  'stop-within': { type: 'string' },
  migrate: { type: 'boolean' },
  'allow-unsafe-store': { type: 'boolean' },
} as const

/** `mailroom worker`: takes mail and delivers it until it is told to stop. */
export const worker: Command = {
  help: `mailroom worker: take messages from the queue and deliver them

Usage: mailroom worker [options]

  --connections A,B     take mail for these connections only; all by default
  --port PORT           serve /livez, /readyz and /metrics there; not served by default
  --host HOST           where they are served; 127.0.0.1 by default, 0.0.0.0 for probes from outside
  --log-level LEVEL     debug, info (default), warn, error or silent
  --stop-within TIME    how long a stop lets deliveries finish; 30s by default
  --migrate             bring the tables of a Postgres up to date first
  --allow-unsafe-store  work on a Redis that may lose mail

The first Ctrl-C or SIGTERM stops taking, finishes what is in flight and hands the rest back; a
second one ends at once, and what was in flight comes back to another worker. A configuration or
secret file that changes counts at once, also at SIGHUP; one that is not valid is refused. Logs are
JSON lines on standard output, or short lines on a terminal.

Examples:
  mailroom worker
  mailroom worker --connections relay,bulk --port 9100 --host 0.0.0.0
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('worker', args, OPTIONS)
    const port = values.port === undefined ? undefined : parsePort('port', values.port)
    const needsConnections = true
    const setup = await loadSetup(values, context, { file: 'needed', needsConnections })
    const { worker: defaults, connections } = setup.config
    const asked = values.connections?.split(',').map((name) => name.trim())
    const names = asked ?? defaults.connections
    for (const name of names ?? []) connections.group(name)
    // A file that is away for a moment does not leave its names to the variables.
    const file = setup.sources.files.length > 0 ? 'demanded' : 'needed'
    const load = (onFile: (seen: FileLook) => void): Promise<Configuration> =>
      loadConfiguration(values, context, { file, needsConnections, anew: true, onFile })
    const within = values['stop-within']
    const healthPort = port ?? defaults.port
    await using work = await openWork(setup, context, {
      watch: { load, names: asked },
      ...(names && { names }),
      ...(values.migrate === true && { migrate: true }),
      allowUnsafeStore: values['allow-unsafe-store'] ?? false,
      stopWithinMs: within === undefined ? defaults.stopWithin : parseDuration(within),
      health:
        healthPort === undefined
          ? undefined
          : { host: values.host ?? defaults.host, port: healthPort },
    })
    const signalled = untilSignal(context.signals, context.exit, context.unread)
    onHangup(context, () => work.reload())
    if (work.health) {
      const { url } = work.health
      setup.terminal.warn({ event: 'listening', what: 'health', url }, `mailroom: health at ${url}`)
    }
    await Promise.race([work.start(), signalled])
    await signalled
    return EXIT.ok
  },
}
