import type { Envelope } from '../smtp/envelope.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Server } from './envelope-commands.ts'
import { tryEnvelope } from './envelope-trial.ts'
import type { EnvelopeTrial, TriedEnvelope } from './envelope-trial.ts'
import type { Login } from './login.ts'
import type { MessageBody } from './message-body.ts'
import type { SessionSecurity } from './session-security.ts'
import type { Timeouts } from './timeouts.ts'
import type { TransactionEnding, TransactionHooks } from './transaction-ending.ts'
import { runTransaction } from './transaction.ts'
import { openWire } from './wire.ts'
import { createReach, type Reach } from './reach.ts'
import type { Wire } from './wire.ts'
import type { WireEnd } from './wire-listeners.ts'

/** How long the server may take to say goodbye. */
const QUIT_MS = 1000

/** One open, logged-in SMTP connection; it carries one message at a time, and one more behind its dot. */
export interface Session {
  /** Messages that were offered to the server over it. */
  readonly messages: number
  /** Whether it is open, as far as the server has let us know, and carries no message now. */
  readonly isUsable: boolean
  /** Whether it is open, as far as the server has let us know. */
  readonly isOpen: boolean
  /** Whether its message waits for the answer to its final dot only: the next can be offered behind it. */
  readonly mayFollow: boolean
  readonly isSecure: boolean
  readonly security: SessionSecurity
  /** What is known of the server, to be held against what a message needs. */
  readonly server: Server
  /** Offers one message; see `runTransaction`. Throws when it carries another, unless it `mayFollow`. */
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
  /** Learns how far the server is; by default nobody wants to know. */
  readonly reach?: Reach
  /** Called once when the server ends the session while it carries no message. */
  readonly onStale?: (end: WireEnd) => void
}

/** Makes a session of a login; whoever opens it closes it. */
export function openSession(
  { socket, extensions, isSecure, security }: Extract<Login, { readonly kind: 'open' }>,
  { timeouts, reach = createReach(), onStale = () => {} }: SessionOptions,
): Session {
  const server = { extensions, isVerified: security.kind === 'tls' && security.isVerified }
  const wire = openWire(socket, { ...server, timeouts, reach, onIdleEnd: onStale })
  let carried = 0
  return {
    get messages() {
      return wire.transactions
    },
    get isUsable() {
      return carried === 0 && wire.end === undefined
    },
    get isOpen() {
      return wire.end === undefined
    },
    get mayFollow() {
      return mayFollow(wire)
    },
    isSecure,
    security,
    server,
    deliver: async (envelope, body, hooks) => {
      if (wire.isHeard() && !mayFollow(wire)) throw new TypeError(EXPECTED)
      carried += 1
      const ending = await runTransaction(wire, envelope, body, hooks)
      carried -= 1
      return ending
    },
    tryEnvelope: async (envelope, signal) => {
      if (carried > 0) throw new TypeError(EXPECTED)
      carried += 1
      const trial = await tryEnvelope(wire, envelope, signal)
      carried -= 1
      return trial
    },
    quit: () => quit(wire),
    destroy: wire.destroy,
    [Symbol.dispose]: wire.destroy,
  }
}

const EXPECTED = 'expected a session that carries no message'

function mayFollow(wire: Wire): boolean {
  const { end, awaitsDot, extensions } = wire
  return end === undefined && awaitsDot && !wire.isFollowed() && extensions.pipelining
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
