import { eachHeld, type HeldQuery } from '../../producer/held.ts'
import type { Mailroom } from '../../producer/mailroom.ts'
import type { Retried } from '../../producer/retry.ts'
import { COMMON_OPTIONS, parseCommandLine, parseCount } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { HELD_OPTIONS, heldQueryOf } from '../held-options.ts'
import { openProducer } from '../producer.ts'
import { whyNotRetried } from '../retry-answer.ts'
import { loadSetup } from '../setup.ts'
import type { Terminal } from '../terminal.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  ...HELD_OPTIONS,
  limit: { type: 'string' },
  yes: { type: 'boolean' },
  'even-if-delivered': { type: 'boolean' },
} as const

/** `mailroom messages retry`: puts held messages back into the queue. */
export const messagesRetry: Command = {
  help: `mailroom messages retry: give held messages another try

Usage: mailroom messages retry ID... [options]
       mailroom messages retry [--state STATE] [--connection NAME] --yes [options]

  --state STATE         every refused, expired or uncertain message
  --connection NAME     every held message of this connection manager or group
  --limit NUMBER        the oldest ones only, at most so many
  --yes                 do it; without it their number is told and nothing happens
  --even-if-delivered   uncertain ones too: whoever got such a message gets it twice

Recipients that have the message do not get it again. Age and attempts begin anew, the Message-ID
stays. Exit code 5 when at least one message cannot be retried, with the reason for each.

Examples:
  mailroom messages retry m-0190f3c1
  mailroom messages retry --state refused --connection relay --yes
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('messages retry', args, OPTIONS, Infinity)
    const query = heldQueryOf(values)
    const isSelection = values.state !== undefined || values.connection !== undefined
    if (isSelection === positionals.length > 0) {
      throw new UsageError(
        '"messages retry" expects ids, or "--state" or "--connection": see "mailroom help messages retry"',
      )
    }
    const limit = parseCount('limit', values.limit ?? '1000000000', 1_000_000_000)
    const setup = await loadSetup(values, context)
    await using mailroom = openProducer(setup)
    const evenIfDelivered = values['even-if-delivered'] === true
    const count = isSelection ? Math.min(limit, await countOf(mailroom, query)) : positionals.length
    if (isSelection && values.yes !== true) throw new UsageError(proposalOf(count))

    let exit: ExitCode = EXIT.ok
    let retried = 0
    for await (const id of isSelection ? held(mailroom, query, count) : positionals) {
      const answer = await mailroom.retry(id, { evenIfDelivered })
      if (answer.kind === 'retried') retried += 1
      else exit = EXIT.notDelivered
      tell(id, answer, setup.terminal)
    }
    setup.terminal.remark(`${retried} of ${count} wait in the queue again`)
    return exit
  },
}

async function countOf(mailroom: Mailroom, query: HeldQuery): Promise<number> {
  let count = 0
  for await (const _ of eachHeld((page) => mailroom.list(page), query)) count += 1
  return count
}

/** The ids of a selection: no more than there were, so that what fails anew is not tried for ever. */
async function* held(
  mailroom: Mailroom,
  query: HeldQuery,
  count: number,
): AsyncGenerator<string, void, undefined> {
  let left = count
  for await (const { id } of eachHeld((page) => mailroom.list(page), query)) {
    if (left === 0) return
    left -= 1
    yield id
  }
}

function proposalOf(count: number): string {
  return `${count} messages would be tried again: give "--yes" to do it, or "--limit NUMBER" for fewer`
}

/** Tells what became of one message. */
function tell(id: string, answer: Retried, terminal: Terminal): void {
  if (answer.kind === 'retried') terminal.tell({ id, state: 'retried' }, `${id} waits again`)
  else {
    const why = whyNotRetried(answer)
    terminal.warn({ id, state: answer.kind, why }, `mailroom: ${id} is not tried again: ${why}`)
  }
}
