import { encodeBody, finalDot } from './body.ts'
import type { Wire } from './wire.ts'

/** A body up to this size is kept back until its dot may leave, and goes in one write with it. */
const ONE_WRITE_BYTES = 65_536
/** Encoding this much takes about a tenth of a millisecond: no other session waits for longer. */
const SLICE_BYTES = 262_144

/** What a body on its way reports. */
export interface BodyFlowHooks {
  readonly mayDot: () => Promise<boolean>
  /** The server took more of the body. */
  readonly onProgress: () => void
  /** The dot leaves: from now on the message may be with the server. */
  readonly onDotSent: () => void
  /** The dot has left, and something may follow it. */
  readonly onDotWritten?: () => void
  /** `mayDot` said no, or failed with `error`: the dot never leaves. */
  readonly onDotWithheld: (error?: unknown) => void
}

/** A body on its way through a wire. */
export interface BodyFlow {
  /** To be called when the wire has taken everything that was written. */
  readonly onDrain: () => void
  /** Nothing more is written, and no hook is called. */
  readonly stop: () => void
  /** Resolves when `mayDot` has answered, also after `stop`; never rejects. */
  readonly answered: Promise<void>
}

interface State {
  readonly wire: Wire
  readonly body: Buffer
  readonly hooks: BodyFlowHooks
  /** Bytes of the body that were written. */
  written: number
  /** Whether the socket still holds some of them. */
  isClogged: boolean
  mayDot: boolean
  isStopped: boolean
}

/**
 * Sends the body that follows a 354, and the final dot once `mayDot` said true.
 *
 * The dot of a long body is written only after the system has taken all that comes before it, so
 * that a connection which breaks earlier leaves no doubt.
 */
export function sendBody(wire: Wire, body: Buffer, hooks: BodyFlowHooks): BodyFlow {
  const state: State = {
    wire,
    body,
    hooks,
    written: 0,
    isClogged: false,
    mayDot: false,
    isStopped: false,
  }
  const answered = askForDot(state)
  if (body.length > ONE_WRITE_BYTES) writeMore(state)
  return {
    onDrain: () => {
      if (state.isStopped) return
      state.isClogged = false
      hooks.onProgress()
      writeMore(state)
    },
    stop: () => {
      state.isStopped = true
    },
    answered,
  }
}

async function askForDot(state: State): Promise<void> {
  let mayDot: boolean
  try {
    mayDot = await state.hooks.mayDot()
  } catch (error) {
    if (!state.isStopped) state.hooks.onDotWithheld(error)
    return
  }
  if (state.isStopped) return
  if (!mayDot) {
    state.hooks.onDotWithheld()
    return
  }
  state.mayDot = true
  if (state.body.length > ONE_WRITE_BYTES) writeDotWhenDue(state)
  else writeAtOnce(state)
}

function writeAtOnce(state: State): void {
  const { wire, body, hooks } = state
  state.isStopped = true
  hooks.onDotSent()
  wire.write(Buffer.concat([encodeBody(body), finalDot(body)]))
  hooks.onDotWritten?.()
}

function writeMore(state: State): void {
  const { wire, body } = state
  while (!state.isClogged && !state.isStopped && state.written < body.length) {
    const end = Math.min(state.written + SLICE_BYTES, body.length)
    state.isClogged = !wire.write(encodeBody(body, state.written, end))
    state.written = end
  }
  writeDotWhenDue(state)
}

function writeDotWhenDue(state: State): void {
  const { wire, body, hooks } = state
  if (!state.mayDot || state.isClogged || state.isStopped || state.written < body.length) return
  state.isStopped = true
  hooks.onDotSent()
  wire.write(finalDot(body))
  hooks.onDotWritten?.()
}
