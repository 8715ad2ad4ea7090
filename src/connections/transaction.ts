import { formatDuration } from '../duration.ts'
import type { Fault } from '../smtp/fault.ts'
import type { Envelope } from '../smtp/envelope.ts'
import type { MessageBody } from './message-body.ts'
import { composeEnvelope } from './envelope-commands.ts'
import type { RecipientReply, TransactionEnding, TransactionHooks } from './transaction-ending.ts'
import { onReply } from './transaction-replies.ts'
import { breakOff, finish, say, stageOf, startTimer } from './transaction-run.ts'
import type { Run, Turn } from './transaction-run.ts'
import type { Wire } from './wire.ts'

/** One message that is offered over a wire. */
export interface Transaction {
  /** Exactly how it ended; never rejects. */
  readonly ending: Promise<TransactionEnding>
  readonly isOver: boolean
  /** Its commands, to leave behind the final dot of the message before; empty where that may not be. */
  readonly goAhead: () => string
  /** The wire is its own from now on, unless it is over already. */
  readonly begin: () => void
  /** Waits behind another for so long at most: then it ends as stale. */
  readonly wait: (patienceMs: number) => void
}

/**
 * Offers one message to the server at the other end of `wire`, and says exactly how that ended.
 *
 * With PIPELINING the whole envelope and DATA leave in one packet (RFC 2920). While the body flows,
 * `beforeDot` is asked; the final dot leaves only after it said true. Each step has its time-out,
 * and all together `timeouts.total` until the dot has left: from then on only its own counts.
 * An ending other than `accepted` may have closed the wire: see `wire.end`.
 */
export function createTransaction(
  wire: Wire,
  envelope: Envelope,
  body: MessageBody,
  hooks: TransactionHooks,
  turn: Turn,
): Transaction {
  const recipients = envelope.to.map((address): RecipientReply => ({
    address,
    reply: undefined,
    accepted: false,
  }))
  const commands = composeEnvelope(envelope, body, wire, hooks.without)
  if (commands.kind === 'unsupported') {
    const { lacks, detail, places } = commands
    const fault: Fault = { kind: 'unsupported', stage: 'mail', detail, lacks }
    const conversation = [`* unsupported: ${detail}`]
    const whom = places && { places }
    return endedAtOnce({ kind: 'rejected', fault, recipients, conversation, ...whom })
  }
  const { promise: ending, resolve } = Promise.withResolvers<TransactionEnding>()
  const run: Run = {
    wire,
    from: envelope.from,
    said: [],
    writtenBefore: wire.bodyBytes,
    commands,
    body,
    hooks,
    turn,
    recipients,
    resolve,
    onAbort: () => abort(run),
    overAt: Infinity,
    saidAt: undefined,
    hasBegun: false,
    isAhead: false,
    awaited: 'mail',
    rcptReplies: 0,
    accepted: 0,
    refusal: undefined,
    flow: undefined,
    timer: undefined,
    timerMs: 0,
    isTotalTimer: false,
    isOver: false,
  }
  return {
    ending,
    get isOver() {
      return run.isOver
    },
    goAhead: () => goAhead(run),
    begin: () => begin(run),
    wait: (patienceMs) => wait(run, patienceMs),
  }
}

function endedAtOnce(ending: TransactionEnding): Transaction {
  return {
    ending: Promise.resolve(ending),
    isOver: true,
    goAhead: () => '',
    begin: () => {},
    wait: () => {},
  }
}

/** Nothing of it may leave when it is over; without PIPELINING each command waits for its answer. */
function goAhead(run: Run): string {
  if (run.isOver || run.isAhead || !run.wire.extensions.pipelining) return ''
  run.isAhead = true
  const opening = openingOf(run)
  run.said.push(opening)
  return opening
}

function wait(run: Run, patienceMs: number): void {
  const { signal } = run.hooks
  if (signal?.aborted === true) abort(run)
  if (run.isOver) return
  signal?.addEventListener('abort', run.onAbort)
  const detail = `the message before it in the session had no answer for ${formatDuration(patienceMs)}`
  run.timer = setTimeout(
    () => endBehind(run, { kind: 'timeout', stage: 'mail', detail }),
    patienceMs,
  )
}

/** Ends one that waits: the message before it has the wire, and goes on. */
function endBehind(run: Run, fault: Fault): void {
  const isStale = fault.kind === 'aborted' ? {} : ({ isStale: true } as const)
  finish(run, { kind: 'broken', fault, recipients: run.recipients, dotSent: false, ...isStale })
}

function begin(run: Run): void {
  const { wire, hooks, recipients } = run
  if (run.isOver) return
  const hasWaited = run.timer !== undefined
  clearTimeout(run.timer)
  run.timer = undefined
  run.overAt = performance.now() + wire.timeouts.total
  if (wire.end !== undefined) {
    wire.transactions++
    if (hasWaited) {
      const detail = 'the session ended with the message before'
      endBehind(run, { kind: 'closed', stage: 'mail', detail })
    } else {
      run.hasBegun = true
      breakOff(run, { ...wire.end, stage: 'mail' })
    }
    return
  }
  run.hasBegun = true
  if (hooks.signal?.aborted === true) {
    const fault: Fault = { kind: 'aborted', stage: 'mail', detail: 'ended before it began' }
    finish(run, { kind: 'broken', fault, recipients, dotSent: false })
    return
  }
  wire.transactions++
  hooks.signal?.addEventListener('abort', run.onAbort)
  wire.attach({
    onReply: (reply) => onReply(run, reply),
    onEnd: ({ kind, detail }) => breakOff(run, { kind, stage: stageOf(run), detail }),
    onDrain: () => run.flow?.onDrain(),
  })
  run.awaited = wire.needsReset ? 'reset' : 'mail'
  startTimer(run)
  if (run.isAhead) return
  const reset = wire.needsReset ? 'RSET\r\n' : ''
  if (wire.extensions.pipelining) {
    say(run, reset + openingOf(run))
  } else {
    say(run, reset === '' ? run.commands.mail : reset)
  }
}

function openingOf({ commands }: Run): string {
  return `${commands.mail}${commands.recipients.join('')}DATA\r\n`
}

function abort(run: Run): void {
  if (run.awaited === 'dot') return
  if (!run.hasBegun) {
    endBehind(run, { kind: 'aborted', stage: 'mail', detail: 'ended from our side' })
    return
  }
  const stage = stageOf(run)
  breakOff(run, { kind: 'aborted', stage, detail: 'ended from our side' })
}
