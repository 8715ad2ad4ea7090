import type { MessageRecord } from '../../ledger/ledger.ts'
import { COMMON_OPTIONS, parseCommandLine, parseCount } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { HELD_OPTIONS, heldQueryOf } from '../held-options.ts'
import { openProducer } from '../producer.ts'
import { loadSetup } from '../setup.ts'
import type { Row } from '../table.ts'
import { tellUnreadable } from '../tell-unreadable.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  ...HELD_OPTIONS,
  limit: { type: 'string' },
  cursor: { type: 'string' },
} as const

/** `mailroom messages list`: the messages that wait for a person's decision. */
export const messagesList: Command = {
  help: `mailroom messages list: the messages that are held, with the reason

Usage: mailroom messages list [--state STATE] [--connection NAME] [options]

  --state STATE       only uncertain, refused or expired ones; all of them by default
  --connection NAME   only those of this connection manager or group
  --limit NUMBER      at most so many, up to 1000; 100 by default
  --cursor CURSOR     go on where the page before ended

Columns:
  id          names the message in every other command
  state       uncertain: sent, but the answer never came; refused: for good, or set aside;
              expired: given up by age or by the sender's own deadline
  since       when that was found
  attempts    how often a server was tried
  recipients  how many there are, and "left" how many of them did not get it
  reply       what the server said last
  rule        which rule decided

Recipients' addresses are in "messages show". As JSON each line is the whole record, addresses
included; where there are more, the cursor of the next page is told on standard error.

Examples:
  mailroom messages list
  mailroom messages list --state refused --connection relay --limit 10
  mailroom messages list --state expired | jq -r .id
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('messages list', args, OPTIONS)
    const limit = parseCount('limit', values.limit ?? '100', 1000)
    const query = heldQueryOf(values)
    const setup = await loadSetup(values, context)
    const { terminal } = setup
    await using mailroom = openProducer(setup)
    const { cursor } = values
    const page = await mailroom.list({ ...query, limit, ...(cursor !== undefined && { cursor }) })
    if (terminal.lists === 'json')
      for (const record of page.records) terminal.tell({ ...record }, '')
    else terminal.table(page.records.map(rowOf))
    for (const id of page.unreadable ?? []) tellUnreadable(id, terminal)
    if (page.records.length === 0) terminal.remark('no message is held')
    if (page.cursor !== undefined) {
      terminal.warn(
        { event: 'more', cursor: page.cursor },
        `mailroom: there are more: go on with --cursor ${page.cursor}`,
      )
    }
    return EXIT.ok
  },
}

function rowOf({
  id,
  connection,
  state,
  updatedAt,
  attempts,
  recipients,
  last,
}: MessageRecord): Row {
  return {
    id,
    connection,
    state,
    since: updatedAt.toISOString(),
    attempts,
    recipients: recipients.length,
    left: recipients.filter((recipient) => recipient.state !== 'delivered').length,
    reply: [last?.code, last?.status].filter((part) => part !== undefined).join(' '),
    rule: last?.rule,
  }
}
