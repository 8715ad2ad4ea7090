import { formatDuration } from '../duration.ts'
import type { Fault } from '../smtp/fault.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Stage } from '../smtp/stage.ts'
import type { BodyFlow } from './body-flow.ts'
import type { EnvelopeCommands, Spared } from './envelope-commands.ts'
import { sizeOf, type MessageBody } from './message-body.ts'
import type { RecipientReply, TransactionEnding, TransactionHooks } from './transaction-ending.ts'
import { isUnasked, loseAnswer, PATIENCE_MS, staleness, stumble, stumbleOf } from './staleness.ts'
import { transcribe, type Said } from './transcript.ts'
import type { Wire } from './wire.ts'

/** The reply that comes next, or `body` while it is our turn to speak. */
export type Awaited = 'reset' | 'mail' | 'rcpt' | 'data' | 'lone-dot' | 'body' | 'dot'

const STAGE_OF = {
  reset: 'mail',
  mail: 'mail',
  rcpt: 'rcpt',
  data: 'data',
  'lone-dot': 'data',
  body: 'body',
  dot: 'dot',
} as const satisfies Record<Awaited, Stage>

/** What opens a transaction. */
export type Commands = Extract<EnvelopeCommands, { readonly kind: 'commands' }>

/** One transaction on its way. */
export interface Run {
  readonly wire: Wire
  readonly from: string
  /** For the ending's conversation. */
  readonly said: Said[]
  /** How many bytes of bodies the wire had carried before. */
  writtenBefore: number
  readonly commands: Commands
  readonly body: MessageBody
  readonly hooks: TransactionHooks
  readonly recipients: RecipientReply[]
  readonly resolve: (ending: TransactionEnding) => void
  readonly onAbort: () => void
  /** When it began, on the clock of `performance`, and after how many idle milliseconds. */
  readonly begunAt: number
  readonly idleAt: number
  /** Whether it was offered behind the final dot of another one, which had no answer yet. */
  readonly isFollower: boolean
  /** Whether that still has none. */
  isAhead: boolean
  /** Whether another one has followed it, and has given up perhaps. */
  follower: 'none' | 'came' | 'gave-up'
  /** When `timeouts.total` is over, on the clock of `performance`. */
  readonly overAt: number
  awaited: Awaited
  rcptReplies: number
  accepted: number
  /** Why nobody will get the message, once that is certain. */
  refusal: Fault | undefined
  flow: BodyFlow | undefined
  dotAt: number
  dotIdleAt: number
  timer: NodeJS.Timeout | undefined
  timerMs: number
  /** Whether the timer stands for `timeouts.total`, and not for the awaited step. */
  isTotalTimer: boolean
  isOver: boolean
}

/** Says commands, for the server and for the conversation. */
export function say({ wire, said }: Run, commands: string): void {
  said.push(commands)
  wire.write(commands)
}

/** How far the transaction has come. */
export function stageOf(run: Run): (typeof STAGE_OF)[Awaited] {
  return STAGE_OF[run.awaited]
}

/** Gives the awaited step its time; its end breaks the transaction off. */
export function startTimer(run: Run): void {
  const { timeouts } = run.wire
  const stage = stageOf(run)
  const usualMs = run.awaited === 'lone-dot' ? timeouts.dot : timeouts[stage]
  const stageMs = isUnasked(run) ? Math.min(usualMs, PATIENCE_MS) : usualMs
  const leftMs = run.awaited === 'dot' ? Infinity : Math.max(run.overAt - performance.now(), 1)
  const ms = Math.min(stageMs, leftMs)
  run.isTotalTimer = leftMs < stageMs
  if (ms === run.timerMs) {
    run.timer?.refresh()
    return
  }
  clearTimeout(run.timer)
  run.timerMs = ms
  run.timer = setTimeout(onTimeout, ms, run)
}

function onTimeout(run: Run): void {
  const { timeouts } = run.wire
  const stage = stageOf(run)
  if (isUnasked(run)) {
    const detail = 'no answer came soon to what was sent behind a final dot'
    breakOff(run, { kind: 'timeout', stage, detail })
    return
  }
  if (run.isTotalTimer) {
    const detail = `the transaction took longer than ${formatDuration(timeouts.total)} (timeouts.total)`
    breakOff(run, { kind: 'timeout', stage, detail })
    return
  }
  const detail = `nothing came for ${formatDuration(timeouts[stage])} (timeouts.${stage})`
  breakOff(run, { kind: 'timeout', stage, detail })
}

/** `reply` as what the awaited step failed with. */
export function replyFault(run: Run, reply: Reply): Fault {
  return { kind: 'reply', stage: stageOf(run), reply }
}

/** A reply after which the session cannot go on: 421, one too early, or one that makes no sense. */
export function endSession(run: Run, reply: Reply): void {
  hangUp(run)
  if (reply.code >= 400 && reply.code < 600) {
    stumble(run, 'ended')
    reject(run, replyFault(run, reply))
    return
  }
  const stage = stageOf(run)
  breakOff(run, { kind: 'protocol', stage, detail: `the server answered ${reply.code}` })
}

/** The server said no: to what came first, when to several things. */
export function reject(run: Run, fault?: Fault): void {
  const said = run.refusal ?? fault
  if (said === undefined) return
  finish(run, {
    kind: 'rejected',
    fault: said,
    recipients: run.recipients,
    ...sparesAt(said, run),
    ...staleness(run, said),
  })
}

/** What a server may have meant that refused these commands. */
function sparesAt(
  { stage }: Fault,
  { commands: { spares } }: Run,
): { readonly spares?: readonly Spared[] } {
  // Only DSN has parameters at RCPT.
  const meant =
    stage === 'mail' ? spares : stage === 'rcpt' ? spares.filter((one) => one === 'DSN') : []
  return meant.length === 0 ? {} : { spares: meant }
}

/** Ends the session and with it the transaction, unless the server had said no before. */
export function breakOff(run: Run, fault: Fault): void {
  hangUp(run)
  stumble(run, stumbleOf(run, fault))
  loseAnswer(run, fault)
  if (run.refusal !== undefined) {
    reject(run)
    return
  }
  const { recipients, awaited } = run
  const dotSent = awaited === 'dot'
  finish(run, { kind: 'broken', fault, recipients, dotSent, ...staleness(run, fault) })
}

/** Closes the connection without hearing of it; that of a message before as soon as that has its answer. */
export function hangUp({ wire, isAhead }: Run): void {
  if (isAhead) {
    wire.forsake()
    return
  }
  wire.detach()
  wire.destroy()
}

/** Ends the transaction with `ending`; only the first ending counts. */
export function finish(run: Run, ending: TransactionEnding): void {
  if (run.isOver) return
  run.isOver = true
  clearTimeout(run.timer)
  if (run.follower === 'gave-up') run.wire.reach.cleared()
  run.hooks.signal?.removeEventListener('abort', run.onAbort)
  const endsSession = run.wire.end !== undefined
  if (!run.isAhead) {
    run.wire.awaitsDot = false
    run.wire.detach()
  }
  const { unasked } = run.commands
  const told = {
    ...withConversation(run, ending),
    ...(unasked.length > 0 && { unasked }),
    ...(endsSession && { endsSession }),
  }
  if (run.flow === undefined) {
    run.resolve(told)
    return
  }
  run.flow.stop()
  // Whoever is told the ending settles next: no mark may be written after that.
  void run.flow.answered.then(() => run.resolve(told))
}

/** A plain success needs no words but its reply. */
function withConversation(run: Run, ending: TransactionEnding): TransactionEnding {
  const { recipients, accepted, from, said, body, awaited } = run
  if (ending.kind === 'accepted' && accepted === recipients.length) return ending
  const bytes = sizeOf(body)
  const written = awaited === 'dot' ? bytes : run.wire.bodyBytes - run.writtenBefore
  const conversation = transcribe(said, {
    from,
    body: { written, bytes },
    ending: silenceOf(ending),
  })
  const isAtRcpt = awaited === 'rcpt' && run.rcptReplies < recipients.length
  return { ...ending, conversation, ...(isAtRcpt && { recipient: run.rcptReplies }) }
}

/** What ended it besides words. */
function silenceOf(ending: TransactionEnding): string | undefined {
  if (ending.kind === 'withdrawn')
    return 'the final dot was withheld: the message is not ours any more'
  if (ending.kind === 'accepted' || ending.fault.kind === 'reply') return undefined
  return `${ending.fault.kind}: ${ending.fault.detail}`
}
