import type { Mailroom } from '../../producer/mailroom.ts'
import type { UncertainAnswer, UncertainChoice } from '../../producer/settle-uncertain.ts'
import { COMMON_OPTIONS, parseCommandLine, parseCount } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import { loadSetup } from '../setup.ts'
import type { Terminal } from '../terminal.ts'
import {
  eachUncertain,
  selectionOf,
  UNCERTAIN_OPTIONS,
  type UncertainSelection,
} from '../uncertain-selection.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  ...UNCERTAIN_OPTIONS,
  all: { type: 'boolean' },
  yes: { type: 'boolean' },
} as const

/** `mailroom uncertain resend`: sends messages again of which nobody knows whether they arrived. */
export const uncertainResend = settleAs('resend', {
  does: 'send messages again whose answer never came',
  about: `They are sent under the same Message-ID, to those recipients only of whom nobody knows: whoever got the
message gets it twice.`,
  wouldBe: 'would be sent again',
  done: 'is sent again',
  participle: 'settled',
})

/** `mailroom uncertain accept`: has them count as delivered. */
export const uncertainAccept = settleAs('accept', {
  does: 'have messages count as delivered whose answer never came',
  about: `Nobody sends them any more, and their content is removed: whoever did not get the message never gets it.
The record tells the rule local.accepted-uncertain.`,
  wouldBe: 'would count as delivered',
  done: 'counts as delivered',
  participle: 'settled',
})

/** `mailroom uncertain hold`: has them wait for a person, whatever their policy says. */
export const uncertainHold = settleAs('hold', {
  does: 'have messages wait for a person, whatever their policy would do with them later',
  about: `Nothing was known of them and nothing is settled: they stay uncertain until "uncertain resend" or "uncertain accept".
What their policy has done already stays done: a message that is being sent again is uncertain no more.`,
  wouldBe: 'would be held',
  done: 'is held until somebody decides',
  participle: 'held',
})

interface Words {
  readonly does: string
  readonly about: string
  readonly wouldBe: string
  readonly done: string
  readonly participle: 'settled' | 'held'
}

function settleAs(choice: UncertainChoice, words: Words): Command {
  const { does, about, wouldBe, participle } = words
  const name = `uncertain ${choice}`
  return {
    help: `mailroom ${name}: ${does}

Usage: mailroom ${name} ID... [options]
       mailroom ${name} [--all] [--connection NAME] [--older-than TIME] --yes [options]

  --all               every uncertain message
  --connection NAME   those of this connection manager or group
  --older-than TIME   those that have been uncertain for so long, such as 2h or 1d
  --limit NUMBER      the oldest ones only, at most so many
  --yes               do it; without it their number is told and nothing happens

${about}
An answer that comes late may still win. Exit code 5 when at least one message could not be settled so,
with the reason for each.

Examples:
  mailroom ${name} m-0190f3c1
  mailroom ${name} --connection relay --older-than 1d --yes
`,
    options: OPTIONS,
    run: async (args, context) => {
      const { values, positionals } = parseCommandLine(name, args, OPTIONS, Infinity)
      const { all = false, connection } = values
      const isSelection = all || connection !== undefined || values['older-than'] !== undefined
      if (isSelection === positionals.length > 0) {
        throw new UsageError(
          `"${name}" expects ids, or "--all", "--connection" or "--older-than": see "mailroom help ${name}"`,
        )
      }
      const limit = parseCount('limit', values.limit ?? '1000000000', 1_000_000_000)
      const selection = selectionOf(values, new Date())
      const setup = await loadSetup(values, context)
      await using mailroom = openProducer(setup)
      const count = isSelection ? await countOf(mailroom, selection, limit) : positionals.length
      if (isSelection && values.yes !== true) {
        throw new UsageError(
          `${count} messages ${wouldBe}: give "--yes" to do it, or "--limit NUMBER" for fewer`,
        )
      }
      let exit: ExitCode = EXIT.ok
      let settled = 0
      for await (const id of isSelection ? idsOf(mailroom, selection, count) : positionals) {
        const answer = await mailroom.settleUncertain(id, choice)
        if (answer.kind === 'settled' || answer.kind === 'held') settled += 1
        else exit = EXIT.notDelivered
        tell(id, answer, words, setup.terminal)
      }
      setup.terminal.remark(`${settled} of ${count} are ${participle}`)
      return exit
    },
  }
}

async function countOf(
  mailroom: Mailroom,
  selection: UncertainSelection,
  limit: number,
): Promise<number> {
  let count = 0
  for await (const _ of eachUncertain(mailroom, selection, limit)) count += 1
  return count
}

/** No more than were counted, so that what turns uncertain anew is not settled for ever. */
async function* idsOf(
  mailroom: Mailroom,
  selection: UncertainSelection,
  count: number,
): AsyncGenerator<string, void, undefined> {
  for await (const { id } of eachUncertain(mailroom, selection, count)) yield id
}

function tell(
  id: string,
  answer: UncertainAnswer,
  { done, participle }: Words,
  terminal: Terminal,
): void {
  if (answer.kind === 'settled') {
    const { way, recipients, state } = answer
    terminal.tell({ id, state, way, recipients }, `${id} ${done}`)
    return
  }
  if (answer.kind === 'held') {
    terminal.tell({ id, state: answer.state }, `${id} ${done}`)
    return
  }
  const why = whyNot(answer)
  terminal.warn({ id, ...answer, why }, `mailroom: ${id} is not ${participle}: ${why}`)
}

function whyNot(answer: Exclude<UncertainAnswer, { kind: 'settled' } | { kind: 'held' }>): string {
  switch (answer.kind) {
    case 'not-uncertain':
      return `it is ${answer.state}`
    case 'content-gone':
      return `its content is gone (${answer.code})`
    case 'too-late':
      return "the sender's own deadline is over"
    case 'busy':
      return 'a worker has not put it aside yet; try again'
    case 'unknown':
      return 'no message has this id'
  }
}
