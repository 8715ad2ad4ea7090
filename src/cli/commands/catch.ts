import { parseDuration } from '../../duration.ts'
import { CATCH_ALL_PORT } from '../built-in-config.ts'
import { openCatchAll } from '../catch-all.ts'
import { COMMON_OPTIONS, parseCommandLine, parsePort } from '../command-line.ts'
import type { Command } from '../context.ts'
import { placesIn, printMail } from '../development.ts'
import { EXIT } from '../exit-codes.ts'
import { DEFAULT_DIRECTORY } from '../settings.ts'
import { loadSetup } from '../setup.ts'
import { untilSignal } from '../signals.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  dir: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  delay: { type: 'string' },
} as const

/** `mailroom catch`: the catch-all SMTP server of `mailroom dev`, alone. */
export const catchMail: Command = {
  options: OPTIONS,
  help: `mailroom catch: an SMTP server that takes every mail for everybody and passes none on

Usage: mailroom catch [options]

  --dir DIR      where the mails are kept, each as an .eml file; .mailroom/mails by default
  --port PORT    where it listens; ${CATCH_ALL_PORT} by default, 0 takes a free one
  --host HOST    127.0.0.1 by default; 0.0.0.0 to take mail from other machines
  --delay TIME   how long it waits before it accepts a mail, as a slow server does; 0s by default

It accepts any login and none, speaks no TLS, and prints a line for each mail. It needs no
configuration and no store: use it where a relay would be. Ctrl-C ends it.

Example:
  mailroom catch --port 2526 --dir caught
`,
  run: async (args, context) => {
    const { values } = parseCommandLine('catch', args, OPTIONS)
    const port = parsePort('port', values.port ?? String(CATCH_ALL_PORT))
    const { terminal } = await loadSetup(values, context, { file: 'none' })
    const signalled = untilSignal(context.signals, context.exit, context.unread)
    await using server = await openCatchAll({
      directory: values.dir ?? placesIn(DEFAULT_DIRECTORY, context.cwd).mails,
      port,
      ...(values.host !== undefined && { host: values.host }),
      acceptAfterMs: parseDuration(values.delay ?? 0),
      onMail: (mail) => printMail(mail, terminal),
    })
    const url = `smtp://${server.host}:${server.port}`
    terminal.tell({ event: 'listening', what: 'smtp', url, mails: server.directory }, url)
    await signalled
    return EXIT.ok
  },
}
