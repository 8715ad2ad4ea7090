import { openBoard } from '../../server/board.ts'
import { COMMON_OPTIONS, parseCommandLine, parsePort } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup } from '../setup.ts'
import { untilSignal } from '../signals.ts'
import { openStoreView } from '../store-view.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '3080' },
  'show-content': { type: 'boolean' },
} as const

/** `mailroom dashboard`: the queues in a browser. */
export const dashboard: Command = {
  help: `mailroom dashboard: look at the queues in a browser, on this machine

Usage: mailroom dashboard [options]

  --port PORT      where it listens; 3080 by default, 0 takes a free one
  --host HOST      127.0.0.1 by default; it asks nobody who they are, so keep it there
  --show-content   show messages and addresses too; they are hidden by default

It only reads. Ctrl-C ends it.

Example:
  mailroom dashboard --queue redis://127.0.0.1:6379
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('dashboard', args, OPTIONS)
    const port = parsePort('port', values.port ?? '')
    const setup = await loadSetup(values, context)
    await using view = await openStoreView(setup)
    const names = setup.config.connections.names()
    await using board = await openBoard({
      host: values.host ?? '',
      port,
      queues: new Map(names.map((name) => [name, view.queues.raw(name)])),
      showContent: values['show-content'] ?? false,
    })
    const signalled = untilSignal(context.signals, context.exit, context.unread)
    setup.terminal.tell({ event: 'listening', what: 'dashboard', url: board.url }, board.url)
    await signalled
    return EXIT.ok
  },
}
