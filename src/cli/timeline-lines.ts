import { formatDuration } from '../duration.ts'
import type { MessageRecord } from '../ledger/ledger.ts'
import type { AttemptEntry, Timeline, TimelineEntry } from '../ledger/timeline.ts'
import { printable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** Shows what happened to a message: a line per entry, and below attempts what was said in them. */
export function drawTimeline(timeline: Timeline, record: MessageRecord, terminal: Terminal): void {
  terminal.say()
  terminal.say(terminal.style('bold', 'timeline'))
  for (const [index, entry] of timeline.entries.entries()) {
    terminal.say(`${entry.at.toISOString()}  ${printable(headlineOf(entry))}`)
    if (entry.kind === 'attempt') drawAttempt(entry, record, terminal)
    if (index === 0 && timeline.forgotten > 0) {
      terminal.say(`${' '.repeat(INDENT)}${timeline.forgotten} entries were evicted since`)
    }
  }
}

/** As wide as a point in time and the gap behind it. */
const INDENT = 26

function headlineOf(entry: TimelineEntry): string {
  switch (entry.kind) {
    case 'accepted':
      return 'accepted'
    case 'attempt':
      return attemptHeadline(entry)
    case 'died':
      return `worker ${entry.worker} took it at ${entry.claimedAt.toISOString()} and never said how that ended`
    case 'turned-uncertain':
      return `uncertain: the answer to the final dot of worker ${entry.worker} never came`
    case 'uncertain-settled': {
      const who = entry.by === 'policy' ? 'as its policy says' : 'by a person'
      return entry.way === 'resend'
        ? `to be sent again ${who}, although it may be delivered`
        : `counts as delivered ${who}, although no answer came`
    }
    case 'uncertain-held':
      return 'held until a person decides, whatever its policy says'
    case 'ended':
      return [entry.state, entry.rule && `(rule ${entry.rule})`, entry.text]
        .filter(Boolean)
        .join(' ')
    case 'reopened':
      return entry.evenIfUncertain
        ? 'given another try by a person, also what may be delivered'
        : 'given another try by a person'
    case 'cancelled':
      return 'cancelled'
    case 'superseded':
      return `superseded by ${entry.by}`
    case 'rescheduled':
      return `to be sent at ${entry.sendAt.toISOString()} instead`
    case 'requeued':
      return 'its job was put back into the queue'
  }
}

function attemptHeadline(entry: AttemptEntry): string {
  const { attempt, part, how, manager, digest, stage, code, status, text, rule } = entry
  const words = [
    `attempt ${attempt}${part > 1 ? `, transaction ${part},` : ''} through ${manager} (${digest})`,
    stage && `came to ${stage}:`,
    code,
    status,
    text,
    rule && `(rule ${rule}${entry.rules === undefined ? '' : `, rules ${entry.rules}`})`,
    HOW[how],
  ]
  return words.filter((word) => word !== undefined && word !== '').join(' ')
}

const HOW: Readonly<Record<AttemptEntry['how'], string>> = {
  settled: '',
  late: '— late, and its word won',
  withdrawn: '— withdrawn: the message was not its own any more',
}

function drawAttempt(entry: AttemptEntry, { recipients }: MessageRecord, terminal: Terminal): void {
  const { at, startedAt, worker, bytes, recipient, unasked = [], conversation = [] } = entry
  const say = (line: string): void => terminal.say(`${' '.repeat(INDENT)}${printable(line)}`)
  const took = formatDuration(Math.max(0, at.getTime() - startedAt.getTime()))
  say(`worker ${worker}, ${took}, ${bytes} bytes`)
  const nameOf = (index: number): string => recipients[index]?.address ?? `recipient ${index}`
  for (const one of unasked) say(`sent without ${one}: the server does not offer it, or refused it`)
  if (recipient !== undefined) say(`no answer for ${nameOf(recipient)}`)
  if (recipients.length > 1) {
    for (const outcome of entry.outcomes) {
      const reply = [outcome.code, outcome.status, outcome.text].filter(Boolean).join(' ')
      const rule = outcome.rule === undefined ? '' : ` (rule ${outcome.rule})`
      say(`${outcome.state}: ${outcome.recipients.map(nameOf).join(', ')}: ${reply}${rule}`)
    }
  }
  for (const line of conversation) {
    terminal.say(`${' '.repeat(INDENT)}${terminal.style('dim', printable(line))}`)
  }
}
