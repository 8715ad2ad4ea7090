import { openBoard } from '../../server/board.ts'
import { CATCH_ALL_PORT } from '../built-in-config.ts'
import type { CatchAll } from '../catch-all.ts'
import { openCatchAll } from '../catch-all.ts'
import { COMMON_OPTIONS, parseCommandLine, parsePort } from '../command-line.ts'
import type { Command, Context } from '../context.ts'
import { placesIn, printMail, redirected } from '../development.ts'
import { EXIT } from '../exit-codes.ts'
import { DEFAULT_DIRECTORY } from '../settings.ts'
import { loadSetup, type Setup } from '../setup.ts'
import { untilSignal } from '../signals.ts'
import { openStoreView } from '../store-view.ts'
import { openWork, type Work } from '../work.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  dir: { type: 'string' },
  'smtp-port': { type: 'string' },
  port: { type: 'string' },
  'health-port': { type: 'string' },
  'show-content': { type: 'boolean' },
  'log-level': { type: 'string' },
  migrate: { type: 'boolean' },
  real: { type: 'boolean' },
} as const

/** How long a stop lets deliveries to a server on this machine finish. */
const STOP_WITHIN_MS = 5000

interface Ports {
  readonly smtp: number
  readonly board: number
  readonly health: number
}

/** `mailroom dev`: everything that an application needs while it is written, in one process. */
export const dev: Command = {
  help: `mailroom dev: store, catch-all SMTP server, worker and dashboard in one process

Usage: mailroom dev [options]

  --dir DIR            where the store and the mails are kept; .mailroom by default
  --smtp-port PORT     the catch-all SMTP server; 2525 by default, 0 takes a free one
  --port PORT          the dashboard; 3080 by default
  --health-port PORT   /livez, /readyz and /metrics; 3081 by default
  --show-content       let the dashboard show messages and addresses
  --log-level LEVEL    debug, info (default), warn, error or silent
  --migrate            bring the tables of a postgres:// up to date first
  --real               send through the connection managers as they are configured

No mail leaves this machine: every connection manager of the configuration leads to the catch-all
server, which keeps each mail as an .eml file in DIR/mails. Without a configuration there is one,
"default". The store is embedded, in DIR/store, unless --queue names another; what the
configuration or MAILROOM_QUEUE say is not used, so that no real queue is emptied by mistake.
Ctrl-C stops everything.

Examples:
  mailroom dev
  MAILROOM_QUEUE=embedded:.mailroom/store mailroom send --to bob@example.org --subject Hi --text Hello
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('dev', args, OPTIONS)
    const ports = {
      smtp: parsePort('smtp-port', values['smtp-port'] ?? String(CATCH_ALL_PORT)),
      board: parsePort('port', values.port ?? '3080'),
      health: parsePort('health-port', values['health-port'] ?? '3081'),
    }
    const places = placesIn(values.dir ?? DEFAULT_DIRECTORY, context.cwd)
    const queue = values.queue ?? places.queue
    const given = await loadSetup(values, context, { usesQueue: false })
    const signalled = untilSignal(context.signals, context.exit, context.unread)

    await using opened = new AsyncDisposableStack()
    const catchAll = opened.use(
      await openCatchAll({
        directory: places.mails,
        port: ports.smtp,
        onMail: (mail) => printMail(mail, given.terminal),
      }),
    )
    const setup =
      values.real === true
        ? { ...given, settings: { ...given.settings, queue } }
        : redirected(given, catchAll, queue)
    const work = opened.use(await openDevelopmentWork(setup, context, ports, values.migrate))
    const isStarted = await Promise.race([work.start().then(() => true), signalled])
    if (isStarted !== true) return EXIT.ok
    const view = opened.use(await openStoreView(setup))
    const names = setup.config.connections.names()
    const board = opened.use(
      await openBoard({
        port: ports.board,
        queues: new Map(names.map((name) => [name, view.queues.raw(name)])),
        showContent: values['show-content'] ?? false,
      }),
    )
    tellPlaces(setup, catchAll, {
      dashboard: board.url,
      health: work.health?.url ?? '',
      store: view.store.location,
    })
    await signalled
    setup.terminal.say('stopping')
    return EXIT.ok
  },
}

async function openDevelopmentWork(
  setup: Setup,
  context: Context,
  ports: Ports,
  migrate = false,
): Promise<Work> {
  return openWork(setup, context, {
    stopWithinMs: STOP_WITHIN_MS,
    forPeople: true,
    allowUnsafeStore: true,
    ...(migrate && { migrate }),
    health: { host: '127.0.0.1', port: ports.health },
  })
}

function tellPlaces(
  { terminal, config }: Setup,
  catchAll: CatchAll,
  places: Readonly<Record<'dashboard' | 'health' | 'store', string>>,
): void {
  const smtp = `${catchAll.host}:${catchAll.port}`
  const connections = config.connections.names()
  if (terminal.json) {
    terminal.tell({ event: 'ready', ...places, smtp, mails: catchAll.directory, connections }, '')
    return
  }
  const lines: Readonly<Record<string, string>> = {
    connections: connections.map((name) => JSON.stringify(name)).join(', '),
    ...places,
    smtp,
    mails: catchAll.directory,
  }
  terminal.say()
  for (const [name, text] of Object.entries(lines)) {
    terminal.say(`  ${terminal.style('bold', name.padEnd(11))} ${text}`)
  }
  terminal.say(`\n  ready; Ctrl-C stops everything\n`)
}
