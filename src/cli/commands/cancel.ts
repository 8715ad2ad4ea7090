import { UnknownMessageError } from '../../producer/errors.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import { loadSetup } from '../setup.ts'

/** `mailroom cancel`: takes a message back that has not left. */
export const cancel: Command = {
  help: `mailroom cancel: cancel a message whose last byte has not left

Usage: mailroom cancel ID [options]

Exit code 0 when nobody will get it any more, 5 when it was too late.

Example:
  mailroom cancel m-0190f3c1
`,
  options: COMMON_OPTIONS,
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('cancel', args, COMMON_OPTIONS, 1)
    const [id] = positionals
    if (id === undefined) throw new UsageError('"cancel" expects the id of a message')
    const setup = await loadSetup(values, context)
    await using mailroom = openProducer(setup)
    const answer = await mailroom.cancel(id)
    if (answer.kind === 'unknown') throw new UnknownMessageError(id)
    if (answer.kind === 'cancelled') {
      setup.terminal.tell({ id, state: 'cancelled' }, `${id} is cancelled`)
      return EXIT.ok
    }
    setup.terminal.tell({ id, state: answer.state }, `${id} is ${answer.state}: too late`)
    return EXIT.notDelivered
  },
}
