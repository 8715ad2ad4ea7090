import type { Socket } from 'node:net'

import { createReplyReader } from '../smtp/reply-reader.ts'
import type { Extensions } from './extensions.ts'
import { hearLastWords } from './last-words.ts'
import type { Reach } from './reach.ts'
import type { Timeouts } from './timeouts.ts'
import { createListeners, type Listening, type WireEnd } from './wire-listeners.ts'

/** One open SMTP connection as replies and writes: who speaks when is up to its listeners. */
export interface Wire extends Listening {
  readonly extensions: Extensions
  /** Whether TLS protects it, and its server has proved who it is. */
  readonly isVerified: boolean
  readonly timeouts: Timeouts
  /** Learns how far the server is. */
  readonly reach: Reach
  /** Why it cannot be used any more; absent while it can. */
  readonly end: WireEnd | undefined
  /** Whether the server may still hold a transaction that was not finished: RSET comes first. */
  needsReset: boolean
  /** Whether all that is awaited is the answer to a final dot: one more may follow behind it. */
  awaitsDot: boolean
  /** Transactions that were begun on it. */
  transactions: number
  /** Bytes of bodies that were written to it. */
  readonly bodyBytes: number
  /** False: wait for `onDrain` before more is written. */
  readonly write: (bytes: string | Buffer) => boolean
  /** Whether the system has taken everything that was written: nobody reads those buffers any more. */
  readonly hasTaken: () => boolean
  /** Closes the connection at once, without a word. */
  readonly destroy: () => void
}

export interface WireOptions {
  readonly extensions: Extensions
  readonly isVerified: boolean
  readonly timeouts: Timeouts
  readonly reach: Reach
  /** Called once when the server ends the session while nobody listens: it closed, or said 421. */
  readonly onIdleEnd: (end: WireEnd) => void
}

/** Takes over a socket on which the login is done, and which is paused; the wire closes it. */
export function openWire(socket: Socket, { onIdleEnd, ...known }: WireOptions): Wire {
  let end: WireEnd | undefined
  let bodyBytes = 0

  const finish = (why: WireEnd) => {
    if (end !== undefined) return
    end = why
    socket.destroy()
    if (listeners.isHeard()) listeners.tellEnd(why)
    else onIdleEnd(why)
  }
  const destroy = () => {
    if (end !== undefined) return
    end = { kind: 'aborted', detail: 'ended from our side' }
    socket.destroy()
    listeners.tellEnd(end)
  }
  const listeners = createListeners(destroy)
  const reader = createReplyReader({
    onReply: (reply) => {
      if (end !== undefined) return
      const listener = listeners.current()
      if (listener !== undefined) listener.onReply(reply)
      else
        finish({ kind: 'closed', detail: `the server said ${reply.code} while nothing was asked` })
    },
    onGarbage: (detail) => finish({ kind: 'protocol', detail }),
  })

  const lastWords = hearLastWords(socket)
  socket.on('drain', () => listeners.current()?.onDrain())
  socket.on('error', (error) => finish({ kind: 'closed', detail: describe(error) }))
  socket.on('end', () => finish({ kind: 'closed', detail: describeEnd(lastWords.failure) }))
  socket.on('close', () => finish({ kind: 'closed', detail: 'the connection was closed' }))
  socket.on('data', reader.push)
  socket.resume()

  return {
    ...known,
    ...listeners,
    needsReset: false,
    awaitsDot: false,
    transactions: 0,
    get end() {
      return end
    },
    get bodyBytes() {
      return bodyBytes
    },
    write: (bytes) => {
      if (end !== undefined) return false
      // Commands are texts.
      if (typeof bytes !== 'string') bodyBytes += bytes.length
      return socket.write(bytes) && lastWords.failure === undefined
    },
    hasTaken: () => socket.writableLength === 0,
    destroy,
  }
}

/** A connection on which a write had failed was not closed in good order. */
function describeEnd(failure: Error | undefined): string {
  return failure === undefined ? 'the server closed the connection' : describe(failure)
}

function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? 'the connection failed' : `the connection failed with ${code}`
}
