import type { MessageRecord } from '../../ledger/ledger.ts'
import { COMMON_OPTIONS, parseCommandLine, parseCount } from '../command-line.ts'
import type { Command } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import { loadSetup } from '../setup.ts'
import type { Row } from '../table.ts'
import { tellUnreadable } from '../tell-unreadable.ts'
import { eachUncertain, selectionOf, UNCERTAIN_OPTIONS } from '../uncertain-selection.ts'

const OPTIONS = { ...COMMON_OPTIONS, ...UNCERTAIN_OPTIONS } as const

/** `mailroom uncertain list`: the messages of which nobody knows whether they arrived. */
export const uncertainList: Command = {
  help: `mailroom uncertain list: the messages whose answer never came

Usage: mailroom uncertain list [--connection NAME] [--older-than TIME] [options]

  --connection NAME   only those of this connection manager or group
  --older-than TIME   only those that have been uncertain for so long, such as 2h or 1d
  --limit NUMBER      the oldest ones only, at most so many; 100 by default

Columns:
  id          names the message in every other command
  since       when its answer was given up
  attempts    how often a server was tried
  recipients  how many there are, and "uncertain" of how many of them nobody knows
  plan        what its policy does with it, and when; nothing when it is held for somebody to decide

Recipients' addresses are in "messages show". As JSON each line is the whole record, addresses
included.

Examples:
  mailroom uncertain list
  mailroom uncertain list --connection relay --older-than 1d
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('uncertain list', args, OPTIONS)
    const limit = parseCount('limit', values.limit ?? '100', 1_000_000_000)
    const selection = selectionOf(values, new Date())
    const setup = await loadSetup(values, context)
    const { terminal } = setup
    await using mailroom = openProducer(setup)
    const rows: Row[] = []
    let count = 0
    const onUnreadable = (id: string): void => tellUnreadable(id, terminal)
    for await (const record of eachUncertain(mailroom, selection, limit, onUnreadable)) {
      count += 1
      if (terminal.lists === 'json') terminal.tell({ ...record }, JSON.stringify(record))
      else rows.push(rowOf(record))
    }
    terminal.table(rows)
    if (count === 0) terminal.remark('no message is uncertain')
    if (count === limit) terminal.remark(`there may be more: "--limit" is ${limit}`)
    return EXIT.ok
  },
}

function rowOf({ id, connection, updatedAt, attempts, recipients, planned }: MessageRecord): Row {
  return {
    id,
    connection,
    since: updatedAt.toISOString(),
    attempts,
    recipients: recipients.length,
    uncertain: recipients.filter(({ state }) => state === 'uncertain').length,
    plan: planned && `${planned.way} at ${planned.at.toISOString()}`,
  }
}
