import { adviceOf, remedyForMail } from '../../connections/remedies/find.ts'
import type { MessageRecord } from '../../ledger/ledger.ts'
import { UnknownMessageError } from '../../producer/errors.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import { loadSetup } from '../setup.ts'
import { printable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { drawTimeline } from '../timeline-lines.ts'
import { waitingFor } from '../waiting-for.ts'

/** `mailroom messages show`: how one message stands. */
export const messagesShow = showAs('messages show', 'how one message stands')

/** `mailroom get`: the same in a word. */
export const get = showAs('get', 'how one message stands, short for "messages show"')

function showAs(name: string, does: string): Command {
  return {
    help: `mailroom ${name}: ${does}

Usage: mailroom ${name} ID [options]

ID is what "mailroom send" printed. The answer holds the recipients' addresses, and for each what
the server said to it and which rule decided; then the timeline: every attempt with its worker, its
rule and what was said, and what people and the sweeper did. "problem" and "advice" tell what to do about
a common reason for which the server would not have it. "forgotten" counts what was evicted.
"parked" tells of a message that waits which connection managers cannot be used, since when, at which
stage, by which reply and rule, and what was said then: that is the same for all that wait.

Examples:
  mailroom ${name} m-0190f3c1
  mailroom ${name} m-0190f3c1 | jq -r .state
  mailroom ${name} m-0190f3c1 | jq -r '.timeline[].conversation[]?'
`,
    options: COMMON_OPTIONS,
    run: async (args, context) => {
      const { values, positionals } = parseCommandLine(name, args, COMMON_OPTIONS, 1)
      const [id] = positionals
      if (id === undefined) throw new UsageError(`"${name}" expects the id of a message`)
      const setup = await loadSetup(values, context)
      await using mailroom = openProducer(setup)
      const record = await mailroom.get(id)
      if (record === undefined) throw new UnknownMessageError(id)
      const { entries = [], forgotten = 0 } = (await mailroom.history(id)) ?? {}
      const parked = await waitingFor(record, setup)
      const waits = parked.length === 0 ? {} : { parked: parked.map(({ facts }) => facts) }
      const remedy = record.last && remedyForMail(record.last)
      const todo = remedy && { problem: remedy.id, advice: adviceOf(remedy) }
      setup.terminal.show({ ...record, ...todo, timeline: entries, forgotten, ...waits }, () => {
        draw(record, todo?.advice, setup.terminal)
        drawTimeline({ entries, forgotten }, record, setup.terminal)
        for (const { told } of parked) setup.terminal.say(printable(`waits: ${told}`))
      })
      return EXIT.ok
    },
  }
}

function draw(record: MessageRecord, advice: string | undefined, terminal: Terminal): void {
  const { id, connection, state, messageId, attempts, claims, recipients, last } = record
  const facts: Readonly<Record<string, string | number | undefined>> = {
    id,
    connection,
    state,
    'message-id': messageId,
    accepted: record.acceptedAt.toISOString(),
    updated: record.updatedAt.toISOString(),
    attempts,
    claims: claims > 1 ? `${claims} in a row without an end` : undefined,
    next: record.nextAttemptAt?.toISOString(),
    'not before': record.notBefore?.toISOString(),
    reply: last && replyOf(last),
    rule: last?.rule,
    'to do': advice,
  }
  for (const [name, fact] of Object.entries(facts)) {
    if (fact !== undefined && fact !== '') {
      terminal.say(`${terminal.style('bold', name.padEnd(11))} ${printable(fact)}`)
    }
  }
  terminal.say()
  terminal.table(
    recipients.map((recipient) => ({
      recipient: recipient.address,
      state: recipient.state,
      reply: replyOf(recipient),
      rule: recipient.rule,
    })),
  )
}

function replyOf({ code, status, text }: NonNullable<MessageRecord['last']>): string {
  return [code, status, text].filter((part) => part !== undefined).join(' ')
}
