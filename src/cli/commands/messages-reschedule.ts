import { parseDuration } from '../../duration.ts'
import type { Rescheduled } from '../../ledger/rescheduled.ts'
import { COMMON_OPTIONS, parseCommandLine, type OptionValues } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import { loadSetup } from '../setup.ts'
import type { Terminal } from '../terminal.ts'
import { tellTooLate, tellUnknown } from '../tell-message.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  at: { type: 'string' },
  in: { type: 'string' },
  now: { type: 'boolean' },
} as const

/** `mailroom messages reschedule`: sends messages at another time. */
export const messagesReschedule: Command = {
  help: `mailroom messages reschedule: send messages at another time whose last byte has not left

Usage: mailroom messages reschedule ID... --at TIME [options]
       mailroom messages reschedule ID... --in TIME [options]
       mailroom messages reschedule ID... --now [options]

  --at TIME   not before, as 2027-01-31T08:00:00Z
  --in TIME   not before so long from now, as 2h
  --now       as soon as a worker can, also what waits to be tried again

Exit code 0 when all of them will be sent then, 5 when it was too late for at least one, 1 when the
store has no record of one, 2 when a message must not be sent that late.

Examples:
  mailroom messages reschedule m-0190f3c1 --at 2027-01-31T08:00:00Z
  mailroom messages reschedule m-0190f3c1 --now
`,
  options: OPTIONS,
  run: async (args, context) => {
    const name = 'messages reschedule'
    const { values, positionals } = parseCommandLine(name, args, OPTIONS, Infinity)
    if (positionals.length === 0) throw new UsageError(`"${name}" expects the id of a message`)
    const sendAt = timeOf(values)
    const setup = await loadSetup(values, context)
    await using mailroom = openProducer(setup)
    const exits = new Set<ExitCode>()
    for (const id of positionals) {
      exits.add(tell(id, sendAt, await mailroom.reschedule(id, { sendAt }), setup.terminal))
    }
    const worst = [EXIT.notDelivered, EXIT.failure].find((exit) => exits.has(exit))
    return worst ?? EXIT.ok
  },
}

/** A time as it was written is left to the producer, which knows what is one. */
function timeOf(values: OptionValues<typeof OPTIONS>): string | Date {
  const { at, in: span, now = false } = values
  const given = [at !== undefined, span !== undefined, now].filter(Boolean)
  if (given.length !== 1) {
    throw new UsageError('"messages reschedule" expects one of "--at", "--in" and "--now"')
  }
  return at ?? new Date(Date.now() + parseDuration(span ?? 0))
}

/** Tells what became of one message, and with which exit code that would end alone. */
function tell(
  id: string,
  sendAt: string | Date,
  answer: Rescheduled,
  terminal: Terminal,
): ExitCode {
  switch (answer.kind) {
    case 'rescheduled': {
      const at = new Date(sendAt).toISOString()
      terminal.tell({ id, state: 'rescheduled', sendAt: at }, `${id} is to be sent at ${at}`)
      return EXIT.ok
    }
    case 'too-late':
      return tellTooLate(id, answer.state, terminal)
    case 'unknown':
      return tellUnknown(id, terminal)
  }
}
