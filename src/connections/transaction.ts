import type { Fault } from '../smtp/fault.ts'
import type { Envelope } from '../smtp/envelope.ts'
import type { Reply } from '../smtp/reply.ts'
import type { MessageBody } from './message-body.ts'
import { composeEnvelope } from './envelope-commands.ts'
import { idleMs } from './distance.ts'
import { startBody } from './transaction-body.ts'
import type { RecipientReply, TransactionEnding, TransactionHooks } from './transaction-ending.ts'
import {
  breakOff,
  endSession,
  finish,
  reject,
  say,
  replyFault,
  stageOf,
  startTimer,
} from './transaction-run.ts'
import type { Awaited, Run } from './transaction-run.ts'
import { learnOfDot, learnOfMail } from './transaction-trips.ts'
import type { Wire } from './wire.ts'
import type { WireEnd } from './wire-listeners.ts'

/**
 * Offers one message to the server at the other end of `wire`, and says exactly how that ended.
 *
 * With PIPELINING the whole envelope and DATA leave in one packet (RFC 2920). While the body flows,
 * `beforeDot` is asked; the final dot leaves only after it said true. Each step has its time-out,
 * and all together `timeouts.total` until the dot has left: from then on only its own counts.
 *
 * Where another one is on its way, and waits for the answer to its final dot, the envelope leaves behind
 * that dot. Then every ending before the server has asked for the body is stale: none of its replies
 * is believed to be about this message. The one before is judged as if nothing had followed it.
 *
 * Never rejects. An ending other than `accepted` may have closed the wire: see `wire.end`.
 */
export function runTransaction(
  wire: Wire,
  envelope: Envelope,
  body: MessageBody,
  hooks: TransactionHooks,
): Promise<TransactionEnding> {
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
    return Promise.resolve({ kind: 'rejected', fault, recipients, conversation, ...whom })
  }
  return new Promise((resolve) => {
    const begunAt = performance.now()
    const isFollower = wire.isHeard()
    const run: Run = {
      wire,
      from: envelope.from,
      said: [],
      writtenBefore: wire.bodyBytes,
      commands,
      body,
      hooks,
      recipients,
      resolve,
      onAbort: () => abort(run),
      begunAt,
      idleAt: idleMs(),
      isFollower,
      isAhead: isFollower,
      follower: 'none',
      overAt: begunAt + wire.timeouts.total,
      awaited: wire.needsReset && !isFollower ? 'reset' : 'mail',
      rcptReplies: 0,
      accepted: 0,
      refusal: undefined,
      flow: undefined,
      dotAt: 0,
      dotIdleAt: 0,
      timer: undefined,
      timerMs: 0,
      isTotalTimer: false,
      isOver: false,
    }
    begin(run)
  })
}

function begin(run: Run): void {
  const { wire, hooks, recipients, commands } = run
  if (wire.end !== undefined) {
    wire.transactions++
    breakOff(run, { ...wire.end, stage: 'mail' })
    return
  }
  if (hooks.signal?.aborted === true) {
    const fault: Fault = { kind: 'aborted', stage: 'mail', detail: 'ended before it began' }
    finish(run, { kind: 'broken', fault, recipients, dotSent: false })
    return
  }
  wire.transactions++
  hooks.signal?.addEventListener('abort', run.onAbort)
  const listener = {
    onReply: (reply: Reply) => onReply(run, reply),
    onEnd: ({ kind, detail }: WireEnd) => breakOff(run, { kind, stage: stageOf(run), detail }),
    onDrain: () => run.flow?.onDrain(),
    onFollower: (follower: 'came' | 'gave-up') => {
      run.follower = follower
      if (follower === 'gave-up') wire.reach.doubted()
    },
  }
  if (run.isAhead) wire.follow({ ...listener, onTurn: () => onTurn(run) })
  else wire.attach(listener)
  startTimer(run)
  const reset = run.awaited === 'reset' ? 'RSET\r\n' : ''
  if (wire.extensions.pipelining) {
    say(run, reset + commands.mail + commands.recipients.join('') + 'DATA\r\n')
  } else {
    say(run, reset === '' ? commands.mail : reset)
  }
}

/** The message before has its answer. */
function onTurn(run: Run): void {
  run.isAhead = false
  startTimer(run)
}

function onReply(run: Run, reply: Reply): void {
  run.said.push(reply)
  const digit = Math.trunc(reply.code / 100)
  const isNegative = digit === 4 || digit === 5
  const isExpected = digit === (run.awaited === 'data' ? 3 : 2)
  if (reply.code === 421 || (!isExpected && !isNegative)) {
    endSession(run, reply)
    return
  }
  switch (run.awaited) {
    case 'reset':
      if (isExpected) onReset(run)
      else endSession(run, reply)
      break
    case 'mail':
      onMailReply(run, reply, isExpected)
      break
    case 'rcpt':
      onRcptReply(run, reply, isExpected)
      break
    case 'data':
      onDataReply(run, reply, isExpected)
      break
    case 'lone-dot':
      reject(run)
      break
    case 'body':
      // Before our dot nothing can have been accepted; we no longer know what the server reads.
      endSession(run, reply)
      break
    case 'dot':
      run.wire.needsReset = false
      if (isExpected) {
        learnOfDot(run)
        finish(run, { kind: 'accepted', reply, recipients: run.recipients })
      } else reject(run, replyFault(run, reply))
      break
  }
}

function onReset(run: Run): void {
  run.wire.needsReset = false
  awaitNext(run, 'mail', run.commands.mail)
}

function onMailReply(run: Run, reply: Reply, isAccepted: boolean): void {
  if (isAccepted) {
    run.wire.needsReset = true
    learnOfMail(run)
  } else run.refusal = replyFault(run, reply)
  if (run.refusal !== undefined && !run.wire.extensions.pipelining) reject(run)
  else awaitNext(run, 'rcpt', rcptLineAt(run, 0))
}

function onRcptReply(run: Run, reply: Reply, isAccepted: boolean): void {
  const { recipients, wire } = run
  const address = recipients[run.rcptReplies]?.address ?? ''
  // What follows a refused sender (503 and the like) says nothing about the recipient.
  if (run.refusal === undefined)
    recipients[run.rcptReplies] = { address, reply, accepted: isAccepted }
  if (isAccepted) run.accepted++
  run.rcptReplies++
  if (run.rcptReplies < recipients.length) {
    awaitNext(run, 'rcpt', rcptLineAt(run, run.rcptReplies))
    return
  }
  if (run.accepted === 0) run.refusal ??= refusalOfAll(recipients)
  if (run.refusal !== undefined && !wire.extensions.pipelining) reject(run)
  else awaitNext(run, 'data', 'DATA\r\n')
}

function rcptLineAt({ commands }: Run, index: number): string {
  return commands.recipients[index] ?? ''
}

/** A recipient that may be taken later speaks for all: the message is not lost yet. */
function refusalOfAll(recipients: readonly RecipientReply[]): Fault | undefined {
  const transient = recipients.find(({ reply }) => reply !== undefined && reply.code < 500)
  const { reply } = transient ?? recipients[0] ?? {}
  return reply && { kind: 'reply', stage: 'rcpt', reply }
}

function onDataReply(run: Run, reply: Reply, isAccepted: boolean): void {
  if (run.isFollower) run.wire.reach.followed(!isAccepted)
  if (!isAccepted) {
    // The answer to RSET shows whether server and client still speak of the same.
    if (run.isFollower) run.wire.needsReset = true
    reject(run, replyFault(run, reply))
    return
  }
  if (run.refusal === undefined) {
    startBody(run)
    return
  }
  if (run.refusal.stage === 'mail') {
    // Refused the sender and wants a message all the same: such a session is not to be trusted.
    breakOff(run, run.refusal)
    return
  }
  // RFC 2920 §3.1: DATA went along with the recipients, and all of these were refused.
  run.awaited = 'lone-dot'
  startTimer(run)
  say(run, '.\r\n')
}

/** Moves on to the next reply; with PIPELINING the command for it has left already. */
function awaitNext(run: Run, awaited: Awaited, line: string): void {
  run.awaited = awaited
  startTimer(run)
  if (!run.wire.extensions.pipelining) say(run, line)
}

function abort(run: Run): void {
  if (run.awaited === 'dot') return
  const stage = stageOf(run)
  breakOff(run, { kind: 'aborted', stage, detail: 'ended from our side' })
}
