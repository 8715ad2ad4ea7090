import { formatDuration, parseDuration } from '../../duration.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup, tellWarnings } from '../setup.ts'
import { printable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { verifyConnections, type Verified } from '../verify-connections.ts'

const OPTIONS = { ...COMMON_OPTIONS, timeout: { type: 'string' } } as const

/** `mailroom connections verify`: whether connection managers can be used from here. */
export const connectionsVerify: Command = {
  help: `mailroom connections verify: connect, protect the session, log in and leave again

Usage: mailroom connections verify [NAME]... [options]

  --timeout TIME   how long one connection manager may take; 30s by default

All of them unless names are given, five at a time; of a group each of its members. Each step is shown with a mark, the one that
fails with the reason, what to do and what was said: of a login only the mechanism. No message is sent; the store is not asked. Exit code 7 when
at least one fails.

Examples:
  mailroom connections verify
  mailroom connections verify relay --timeout 5s
`,
  options: OPTIONS,
  completes: 'connections',
  run: async (args, context) => {
    const command = 'connections verify'
    const { values, positionals } = parseCommandLine(command, args, OPTIONS, Infinity)
    const timeoutMs = parseDuration(values.timeout ?? '30s')
    const setup = await loadSetup(values, context, { usesQueue: false })
    tellWarnings(setup)
    const { connections } = setup.config
    const names = positionals.length > 0 ? [...new Set(positionals)] : connections.names()
    const verified = await verifyConnections(connections, names, { env: context.env, timeoutMs })
    for (const one of verified) {
      setup.terminal.show({ ...one }, () => drawVerified(one, setup.terminal))
    }
    return verified.every(({ ok }) => ok) ? EXIT.ok : EXIT.checkFailed
  },
}

function drawVerified(verified: Verified, terminal: Terminal): void {
  const { connection, ok, ms, steps, advice, conversation = [] } = verified
  const color = ok ? 'green' : 'red'
  const verdict = terminal.style(color, ok ? 'works' : 'does not work')
  terminal.say(
    `${terminal.style('bold', printable(connection))}  ${verdict} (${formatDuration(ms)})`,
  )
  for (const { step, ok: isDone, detail } of steps) {
    const mark = isDone ? terminal.style('green', '✔') : terminal.style('red', '✖')
    terminal.say(`  ${mark} ${step}${detail === undefined ? '' : `: ${printable(detail)}`}`)
  }
  if (advice !== undefined) terminal.say(`    ${advice}`)
  for (const line of conversation) terminal.say(terminal.style('dim', `    ${printable(line)}`))
}
