import { formatDuration, parseDuration } from '../../duration.ts'
import type { Requeued, RequeueOptions, RequeueResult } from '../../producer/requeue.ts'
import { COMMON_OPTIONS, parseCommandLine, parseCount } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import { whyNotRetried } from '../retry-answer.ts'
import { loadSetup } from '../setup.ts'
import { untilSignal } from '../signals.ts'
import type { Terminal } from '../terminal.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  refused: { type: 'boolean' },
  rule: { type: 'string' },
  connection: { type: 'string' },
  since: { type: 'string' },
  limit: { type: 'string' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean' },
} as const

/** `mailroom requeue`: applies the rules as they are now to what was refused. */
export const requeue: Command = {
  help: `mailroom requeue: put refused messages back that would not be refused today

Usage: mailroom requeue --refused [options]

What servers said to refused messages is judged again, by the rules as they are now and those of the
configuration. Messages for which that makes no difference stay as they are.

  --refused             the refused messages; has to be given
  --rule RULE           those that this rule refused; enhanced.5.7.* stands for all that begin so
  --connection NAME     those of this connection manager or group
  --since TIME          those refused since then: 2027-01-31T08:00Z, or 2d for two days ago
  --limit NUMBER        the oldest ones only, at most so many
  --dry-run             tell which they are, and do nothing
  --yes                 do it; without it their number is told and nothing happens

Recipients that have the message do not get it again. Age and attempts begin anew, the Message-ID
stays. After an interruption the same command goes on. Exit code 5 when at least one message cannot be
put back, with the reason for each.

Examples:
  mailroom requeue --refused --rule enhanced.5.7.1 --dry-run
  mailroom requeue --refused --rule enhanced.5.7.1 --connection relay --since 2d --yes
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('requeue', args, OPTIONS)
    if (values.refused !== true) {
      throw new UsageError('"requeue" expects "--refused": see "mailroom help requeue"')
    }
    const isDry = values['dry-run'] === true
    const limit = values.limit === undefined ? undefined : parseCount('limit', values.limit, 1e9)
    const since = values.since === undefined ? undefined : timeOf(values.since)
    const { rule, connection } = values
    const setup = await loadSetup(values, context)
    await using mailroom = openProducer(setup)
    const { terminal } = setup
    const selection: RequeueOptions = { rule, connection, since, limit, signal: context.unread }

    if (!isDry && values.yes !== true) {
      const proposed = await mailroom.requeue({ ...selection, dryRun: true })
      if (proposed.otherwise === 0) return tellNone(proposed, rule, terminal)
      throw new UsageError(
        `${proposed.otherwise} messages would wait in the queue again: give "--yes" to do it, or "--dry-run" to see which`,
      )
    }
    const stopping = new AbortController()
    void untilSignal(context.signals, context.exit).then((name) => stopping.abort(name))
    const signal = AbortSignal.any([context.unread, stopping.signal])
    const result = await mailroom.requeue({
      ...selection,
      dryRun: isDry,
      signal,
      onMessage: (message) => tell(message, terminal),
    })
    const { examined, otherwise, requeued } = result
    if (otherwise === 0 && !stopping.signal.aborted) return tellNone(result, rule, terminal)
    const done = isDry ? `${otherwise} would wait` : `${requeued} of ${otherwise} wait`
    terminal.remark(`${done} in the queue again, of ${examined} refused`)
    if (stopping.signal.aborted) return EXIT.interrupted
    return isDry || requeued === otherwise ? EXIT.ok : EXIT.notDelivered
  },
}

/** A misspelt rule finds nothing either, and looks like good news. */
function tellNone(
  { examined }: RequeueResult,
  rule: string | undefined,
  terminal: Terminal,
): ExitCode {
  const hint =
    examined > 0 || rule === undefined
      ? ''
      : `: no message was refused by the rule ${JSON.stringify(rule)}; see "mailroom messages list --state refused"`
  terminal.remark(`none would wait in the queue again, of ${examined} refused${hint}`)
  return EXIT.ok
}

function timeOf(text: string): Date {
  const time = /^\d{4}-/.test(text) ? Date.parse(text) : Date.now() - parseDuration(text)
  if (!Number.isNaN(time)) return new Date(time)
  throw new UsageError(
    `"--since" expects a time such as 2027-01-31T08:00Z, or ${formatDuration(172_800_000)} for that long ago, got ${JSON.stringify(text)}`,
  )
}

function tell(message: Requeued, terminal: Terminal): void {
  const { id, before, rule, answer } = message
  const change = `${before ?? 'no rule'} -> ${rule}`
  if (answer === undefined) terminal.tell({ ...message }, `${id}: ${change}`)
  else if (answer.kind === 'retried') {
    terminal.tell({ ...message, answer: 'retried' }, `${id} waits again: ${change}`)
  } else {
    const why = whyNotRetried(answer)
    const fact = { ...message, answer: answer.kind, why }
    terminal.warn(fact, `mailroom: ${id} is not put back: ${why}`)
  }
}
