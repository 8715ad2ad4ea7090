import { COMMANDS, commandsOf, GROUPS } from './commands.ts'
import { EXIT_MEANINGS } from './exit-codes.ts'

/** What `mailroom help` says. */
export const HELP = `mailroom: a queue-backed mail worker

Usage: mailroom <command> [options]

Commands:
${listOf(topics())}

Options of every command:
  --config FILE   configuration file; mailroom.config.ts, .js, .mjs, .json, .yaml, .yml or .toml
  --environment NAME
                  the environment of the configuration, such as production; none by default
  --queue URL     redis://, rediss://, postgres:// or embedded:DIR
  --json          one JSON object a line instead of text
  --table         tables also where standard output is no terminal; data is JSON lines there
  --no-color      no colours, as with NO_COLOR=1
  --verbose       show where an error came from
  -h, --help      help for the command
  --version       the version of mailroom

Variables: MAILROOM_CONFIG, MAILROOM_ENV, MAILROOM_QUEUE, MAILROOM_CONNECTION_<NAME>,
MAILROOM_LOG_LEVEL, NO_COLOR, FORCE_COLOR. A flag wins over a variable, a variable over the
configuration file.

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

/** What `mailroom help GROUP` says. */
export function groupHelp(group: string): string {
  const commands = commandsOf(group)
  const summaries = commands.map((word) => [word, COMMANDS[`${group} ${word}`]?.summary ?? ''])
  return `mailroom ${group}: ${GROUPS[group] ?? ''}

Usage: mailroom ${group} <command> [options]

Commands:
${listOf(summaries)}

"mailroom help ${group} COMMAND" tells the options of each.

Example:
  mailroom ${group} ${commands[0] ?? ''} --help
`
}

/** The commands and groups in the order of the table, a group where its first command stands. */
function topics(): readonly (readonly string[])[] {
  const names = new Set(Object.keys(COMMANDS).map((name) => name.split(' ')[0] ?? ''))
  return [
    ...[...names].map((name) => [name, COMMANDS[name]?.summary ?? summaryOf(name)]),
    ['help', 'this text, "help <command>", or "help exit-codes"'],
  ]
}

function summaryOf(group: string): string {
  return `${GROUPS[group] ?? ''} (${commandsOf(group).join(', ')})`
}

function listOf(lines: readonly (readonly string[])[]): string {
  const width = Math.max(...lines.map(([name = '']) => name.length))
  return lines.map(([name = '', text = '']) => `  ${name.padEnd(width)}  ${text}`).join('\n')
}
