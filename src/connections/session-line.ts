import type { Envelope } from '../smtp/envelope.ts'
import { sizeOf, type MessageBody } from './message-body.ts'
import { createTransaction, type Transaction } from './transaction.ts'
import type { TransactionEnding, TransactionHooks } from './transaction-ending.ts'
import type { Wire } from './wire.ts'

/** How long the next message waits for the answer to the one before, until it goes another way. */
const PATIENCE_MS = 5_000
/** Behind one that takes longer than others nobody stands in line. */
const MAX_BYTES_BEFORE = 65_536

/** The messages that one session carries: one after the other, and the next may wait behind it. */
export interface SessionLine {
  readonly isEmpty: boolean
  /** Whether one more can be offered. */
  readonly hasRoom: boolean
  /** Whether the next would not wait for long. */
  readonly isShort: boolean
  /** Offers a message as soon as the one before is over; throws when one waits already. */
  readonly deliver: (
    envelope: Envelope,
    body: MessageBody,
    hooks: TransactionHooks,
  ) => Promise<TransactionEnding>
}

interface Entry {
  readonly transaction: Transaction
  readonly bytes: number
}

interface State {
  readonly wire: Wire
  readonly onMisstep: (() => void) | undefined
  current: Entry | undefined
  next: Entry | undefined
  /** Whether the final dot of the current one has left. */
  isDotOut: boolean
  /** Whether the commands of the next one have left. */
  isNextAhead: boolean
}

/**
 * Makes the line of a session that carries nothing.
 *
 * Where the server offers PIPELINING the commands of the next message leave behind the final dot of the
 * one before, in the same packet when it waits already (RFC 2920 §3.1): so it costs one round trip and
 * not two. Nothing is handed over by commands: when the session ends with the first message, the second
 * is stale. `onMisstep` hears of each that waited in vain; without it none may wait.
 */
export function createSessionLine(wire: Wire, onMisstep: (() => void) | undefined): SessionLine {
  const state: State = {
    wire,
    onMisstep,
    current: undefined,
    next: undefined,
    isDotOut: false,
    isNextAhead: false,
  }
  return {
    get hasRoom() {
      return onMisstep === undefined ? state.current === undefined : state.next === undefined
    },
    get isEmpty() {
      return state.current === undefined
    },
    get isShort() {
      return (state.current?.bytes ?? 0) <= MAX_BYTES_BEFORE
    },
    deliver: async (envelope, body, hooks) => {
      if (state.next || (state.current && !onMisstep)) {
        throw new TypeError('expected a session with room for a message')
      }
      const transaction: Transaction = createTransaction(wire, envelope, body, hooks, {
        behindDot: () => {
          state.isDotOut = true
          return goAhead(state)
        },
        onOver: () => onOver(state, transaction),
      })
      if (transaction.isOver) return transaction.ending
      const entry = { transaction, bytes: sizeOf(body) }
      if (state.current) return follow(state, entry)
      begin(state, entry)
      return transaction.ending
    },
  }
}

function begin(state: State, entry: Entry): void {
  state.current = entry
  state.isDotOut = false
  entry.transaction.begin()
}

async function follow(state: State, entry: Entry): Promise<TransactionEnding> {
  const { transaction } = entry
  state.next = entry
  transaction.wait(PATIENCE_MS)
  if (state.isDotOut) {
    const opening = goAhead(state)
    if (opening !== '') state.wire.write(opening)
  }
  const ending = await transaction.ending
  if ('isStale' in ending) state.onMisstep?.()
  return ending
}

function goAhead(state: State): string {
  const opening = state.next?.transaction.goAhead() ?? ''
  if (opening !== '') state.isNextAhead = true
  return opening
}

/** The next one begins in the same step, since the answers to its commands may have come already. */
function onOver(state: State, transaction: Transaction): void {
  const { next, isNextAhead, wire } = state
  if (next?.transaction === transaction) {
    // It waits no longer. What it said is answered once the one before is over: until then nobody follows.
    if (!isNextAhead) state.next = undefined
    return
  }
  state.current = undefined
  state.next = undefined
  state.isNextAhead = false
  if (next === undefined) return
  if (!next.transaction.isOver) begin(state, next)
  // Nobody is left to hear the answers.
  else if (isNextAhead) wire.destroy()
}
