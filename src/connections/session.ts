import type { Envelope } from '../smtp/envelope.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Server } from './envelope-commands.ts'
import { tryEnvelope } from './envelope-trial.ts'
import type { EnvelopeTrial, TriedEnvelope } from './envelope-trial.ts'
import type { Login } from './login.ts'
import type { MessageBody } from './message-body.ts'
import { createSessionLine } from './session-line.ts'
import type { SessionSecurity } from './session-security.ts'
import type { Timeouts } from './timeouts.ts'
import type { TransactionEnding, TransactionHooks } from './transaction-ending.ts'
import { openWire } from './wire.ts'
import type { Wire, WireEnd } from './wire.ts'

/** How long the server may take to say goodbye. */
const QUIT_MS = 1000

/** One open, logged-in SMTP connection; it carries one message at a time, and perhaps one more waits. */
export interface Session {
  /** Messages that were offered to the server over it. */
  readonly messages: number
  /** Whether it is open, as far as the server has let us know, and no message waits in it. */
  readonly isUsable: boolean
  /** Whether a message that waits in it costs a round trip less, and would not wait for long. */
  readonly mayFollow: boolean
  /** The shortest time that an answer took; Infinity before there was one. */
  readonly roundTripMs: number
  readonly isSecure: boolean
  readonly security: SessionSecurity
  /** What is known of the server, to be held against what a message needs. */
  readonly server: Server
  /** Offers one message; see `SessionLine`. Throws when it still carries another and may not wait. */
  readonly deliver: (
    envelope: Envelope,
    body: MessageBody,
    hooks: TransactionHooks,
  ) => Promise<TransactionEnding>
  /** Asks for the envelope alone, without a message; see `tryEnvelope`. Throws when it carries one. */
  readonly tryEnvelope: (
    envelope: TriedEnvelope,
    signal: AbortSignal | undefined,
  ) => Promise<EnvelopeTrial>
  /** Says QUIT, waits a second at most until the server has closed, and closes; never rejects. */
  readonly quit: () => Promise<void>
  /** Closes at once; a message on its way ends as `broken`. */
  readonly destroy: () => void
  readonly [Symbol.dispose]: () => void
}

export interface SessionOptions {
  readonly timeouts: Timeouts
  /** Called once when the server ends the session while it carries no message. */
  readonly onStale?: (end: WireEnd) => void
  /** A message may wait for the end of the one before; called when one has waited in vain. */
  readonly onMisstep?: () => void
}

/** Makes a session of a login; whoever opens it closes it. */
export function openSession(
  { socket, extensions, isSecure, security }: Extract<Login, { readonly kind: 'open' }>,
  { timeouts, onStale = () => {}, onMisstep }: SessionOptions,
): Session {
  const server = { extensions, isVerified: security.kind === 'tls' && security.isVerified }
  const wire = openWire(socket, { ...server, timeouts, onIdleEnd: onStale })
  const line = createSessionLine(wire, onMisstep)
  let isTrying = false
  return {
    get messages() {
      return wire.transactions
    },
    get isUsable() {
      return !isTrying && line.hasRoom && wire.end === undefined
    },
    get mayFollow() {
      return extensions.pipelining && line.isShort
    },
    get roundTripMs() {
      return wire.roundTripMs
    },
    isSecure,
    security,
    server,
    deliver: async (envelope, body, hooks) => {
      if (isTrying) throw new TypeError('expected a session that carries no message')
      return line.deliver(envelope, body, hooks)
    },
    tryEnvelope: async (envelope, signal) => {
      if (isTrying || !line.isEmpty) {
        throw new TypeError('expected a session that carries no message')
      }
      isTrying = true
      const trial = await tryEnvelope(wire, envelope, signal)
      isTrying = false
      return trial
    },
    quit: () => quit(wire),
    destroy: wire.destroy,
    [Symbol.dispose]: wire.destroy,
  }
}

function quit(wire: Wire): Promise<void> {
  if (wire.end !== undefined) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      wire.detach()
      wire.destroy()
      resolve()
    }
    const timer = setTimeout(end, QUIT_MS)
    // The server hangs up after 221: only then it counts this session no longer. After anything else
    // it perhaps never does.
    const onReply = ({ code }: Reply) => {
      if (code !== 221) end()
    }
    wire.attach({ onReply, onEnd: end, onDrain: () => {} })
    wire.write('QUIT\r\n')
  })
}
