import { createBodyEncoder } from './body.ts'
import type { BodyFlow, BodyFlowHooks } from './body-flow.ts'
import type { SegmentedBody } from './message-body.ts'
import type { Wire } from './wire.ts'

const WRONG_LENGTH = 'the body is not as long as it was announced'

interface State {
  readonly wire: Wire
  readonly body: SegmentedBody
  readonly hooks: BodyFlowHooks
  /** The end of the last line and the final dot, once all that comes before them is written. */
  ending: Buffer | undefined
  /** Whether the socket still holds some of what was written. */
  isClogged: boolean
  mayDot: boolean
  isStopped: boolean
  wake: () => void
}

/**
 * Sends a body that is read while it is sent, and the final dot once `mayDot` said true.
 *
 * No more is read than the socket takes. A body that cannot be read to its end, or is not as long as
 * was announced, gets no dot. As with any long body the dot is written only after the system has
 * taken all that comes before it.
 */
export function streamBody(wire: Wire, body: SegmentedBody, hooks: BodyFlowHooks): BodyFlow {
  const state: State = {
    wire,
    body,
    hooks,
    ending: undefined,
    isClogged: false,
    mayDot: false,
    isStopped: false,
    wake: () => {},
  }
  const answered = askForDot(state)
  void pump(state).catch((error: unknown) => withhold(state, error))
  return {
    onDrain: () => {
      if (state.isStopped) return
      state.isClogged = false
      hooks.onProgress()
      state.wake()
      writeDotWhenDue(state)
    },
    stop: () => {
      state.isStopped = true
      state.wake()
    },
    answered,
  }
}

async function askForDot(state: State): Promise<void> {
  try {
    const mayDot = await state.hooks.mayDot()
    if (!mayDot) {
      withhold(state)
      return
    }
  } catch (error) {
    withhold(state, error)
    return
  }
  state.mayDot = true
  writeDotWhenDue(state)
}

async function pump(state: State): Promise<void> {
  const { wire, body } = state
  const encoder = createBodyEncoder()
  let bytes = 0
  for (const segment of body.segments) {
    const isWhole = Buffer.isBuffer(segment)
    const isWireForm = !isWhole && segment.isWireForm === true
    for await (const piece of isWhole ? [segment] : segment.read(wire.hasTaken)) {
      if (state.isStopped) return
      bytes += piece.length
      if (bytes > body.bytes) throw new Error(WRONG_LENGTH)
      state.isClogged = !wire.write(isWireForm ? encoder.pass(piece) : encoder.push(piece))
      if (state.isClogged) await new Promise<void>((resolve) => (state.wake = resolve))
    }
  }
  if (state.isStopped) return
  if (bytes !== body.bytes) throw new Error(WRONG_LENGTH)
  state.ending = encoder.end()
  writeDotWhenDue(state)
}

function withhold(state: State, error?: unknown): void {
  if (state.isStopped) return
  state.isStopped = true
  state.wake()
  state.hooks.onDotWithheld(error)
}

function writeDotWhenDue(state: State): void {
  const { wire, ending, hooks } = state
  if (!state.mayDot || state.isClogged || state.isStopped || ending === undefined) return
  state.isStopped = true
  hooks.onDotSent()
  wire.write(ending)
  hooks.onDotWritten?.()
}
