import type { Cancelled } from '../../ledger/ledger.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import { loadSetup } from '../setup.ts'
import type { Terminal } from '../terminal.ts'
import { tellTooLate, tellUnknown } from '../tell-message.ts'

/** `mailroom messages cancel`: takes messages back that have not left. */
export const messagesCancel = cancelAs('messages cancel', 'cancel messages')

/** `mailroom cancel`: the same in a word. */
export const cancel = cancelAs('cancel', 'short for "messages cancel": cancel messages')

function cancelAs(name: string, does: string): Command {
  return {
    help: `mailroom ${name}: ${does} whose last byte has not left

Usage: mailroom ${name} ID... [options]

Exit code 0 when nobody will get them any more, 5 when it was too late for at least one, 1 when the
store has no record of one.

Example:
  mailroom ${name} m-0190f3c1
`,
    options: COMMON_OPTIONS,
    run: async (args, context) => {
      const { values, positionals } = parseCommandLine(name, args, COMMON_OPTIONS, Infinity)
      if (positionals.length === 0) throw new UsageError(`"${name}" expects the id of a message`)
      const setup = await loadSetup(values, context)
      await using mailroom = openProducer(setup)
      const exits = new Set<ExitCode>()
      for (const id of positionals) exits.add(tell(id, await mailroom.cancel(id), setup.terminal))
      const worst = [EXIT.notDelivered, EXIT.failure].find((exit) => exits.has(exit))
      return worst ?? EXIT.ok
    },
  }
}

/** Tells what became of one message, and with which exit code that would end alone. */
function tell(id: string, answer: Cancelled, terminal: Terminal): ExitCode {
  switch (answer.kind) {
    case 'cancelled':
      terminal.tell({ id, state: 'cancelled' }, `${id} is cancelled`)
      return EXIT.ok
    case 'too-late':
      return tellTooLate(id, answer.state, terminal)
    case 'unknown':
      return tellUnknown(id, terminal)
  }
}
