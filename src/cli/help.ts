import { EXIT_MEANINGS } from './exit-codes.ts'

/** What `mailroom help` says. */
export const HELP = `mailroom: a queue-backed mail worker

Usage: mailroom <command> [options]

Commands:
  demo        deliver three messages, everything embedded, and show where they are
  dev         store, catch-all SMTP server, worker and dashboard in one process
  worker      take messages from the queue and deliver them
  send        put one message into the queue
  status      how many messages wait, run, are delayed or held, for each connection
  get         how one message stands
  cancel      cancel a message that has not left
  dashboard   look at the queues in a browser
  migrate     create the tables of a Postgres store, or bring them up to date
  help        this text, "help <command>", or "help exit-codes"

Options of every command:
  --config FILE   configuration file; mailroom.config.ts, .js, .mjs or .json by default
  --queue URL     redis://, rediss://, postgres:// or embedded:DIR
  --json          one JSON object a line instead of text
  --no-color      no colours, as with NO_COLOR=1
  --verbose       show where an error came from
  -h, --help      help for the command
  --version       the version of mailroom

Environment: MAILROOM_CONFIG, MAILROOM_QUEUE, MAILROOM_LOG_LEVEL, NO_COLOR. A flag wins over the
environment, the environment over the configuration file.

Examples:
  mailroom demo
  mailroom send --connection relay --to bob@example.org --subject Hi --text Hello
  mailroom worker --queue redis://127.0.0.1:6379
`

/** What `mailroom help exit-codes` says. */
export function exitCodesHelp(): string {
  const lines = Object.entries(EXIT_MEANINGS).map(
    ([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`,
  )
  return `Exit codes of every mailroom command:\n\n${lines.join('\n')}\n\nExample:\n  mailroom send --wait --to bob@example.org --text Hi; [ $? -eq 75 ] && echo "still on its way"\n`
}
