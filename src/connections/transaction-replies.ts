import type { Fault } from '../smtp/fault.ts'
import type { Reply } from '../smtp/reply.ts'
import { startBody } from './transaction-body.ts'
import type { RecipientReply } from './transaction-ending.ts'
import {
  breakOff,
  endSession,
  finish,
  reject,
  replyFault,
  say,
  startTimer,
} from './transaction-run.ts'
import type { Awaited, Run } from './transaction-run.ts'

/** Takes the transaction on by what the server has answered, or ends it. */
export function onReply(run: Run, reply: Reply): void {
  run.said.push(reply)
  measure(run)
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
      if (isExpected) finish(run, { kind: 'accepted', reply, recipients: run.recipients })
      else reject(run, replyFault(run, reply))
      break
  }
}

/** Only the first answer to what left in one packet tells how long the way is. */
function measure(run: Run): void {
  const { wire, saidAt } = run
  if (saidAt === undefined) return
  run.saidAt = undefined
  wire.roundTripMs = Math.min(wire.roundTripMs, performance.now() - saidAt)
}

function onReset(run: Run): void {
  run.wire.needsReset = false
  awaitNext(run, 'mail', run.commands.mail)
}

function onMailReply(run: Run, reply: Reply, isAccepted: boolean): void {
  if (isAccepted) run.wire.needsReset = true
  else run.refusal = replyFault(run, reply)
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
  if (!isAccepted) {
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
