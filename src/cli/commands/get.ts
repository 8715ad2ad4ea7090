import type { MessageRecord } from '../../ledger/ledger.ts'
import { UnknownMessageError } from '../../producer/errors.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup } from '../setup.ts'
import { openStoreView } from '../store-view.ts'
import type { Terminal } from '../terminal.ts'

/** `mailroom get`: how one message stands. */
export const get: Command = {
  help: `mailroom get: how one message stands, recipient by recipient

Usage: mailroom get ID [options]

ID is what "mailroom send" printed. The answer holds the recipients' addresses.

Examples:
  mailroom get m-0190f3c1
  mailroom get m-0190f3c1 | jq -r .state
`,
  options: COMMON_OPTIONS,
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('get', args, COMMON_OPTIONS, 1)
    const [id] = positionals
    if (id === undefined) throw new UsageError('"get" expects the id of a message')
    const setup = await loadSetup(values, context)
    await using view = await openStoreView(setup)
    const record = await view.ledger.get(id)
    if (record === undefined) throw new UnknownMessageError(id)
    show(record, setup.terminal)
    return EXIT.ok
  },
}

function show(record: MessageRecord, terminal: Terminal): void {
  terminal.show({ ...record }, () => draw(record, terminal))
}

function draw(record: MessageRecord, terminal: Terminal): void {
  const { id, connection, state, messageId, acceptedAt, nextAttemptAt, attempts } = record
  const facts: Readonly<Record<string, string | number | undefined>> = {
    id,
    connection,
    state,
    'message-id': messageId,
    accepted: acceptedAt.toISOString(),
    attempts,
    next: nextAttemptAt?.toISOString(),
  }
  for (const [name, fact] of Object.entries(facts)) {
    if (fact !== undefined) terminal.say(`${terminal.style('bold', name.padEnd(11))} ${fact}`)
  }
  terminal.say()
  terminal.table(
    record.recipients.map(({ address, state: stands, code, status, text, rule }) => ({
      recipient: address,
      state: stands,
      reply: [code, status, text].filter((part) => part !== undefined).join(' '),
      rule,
    })),
  )
}
