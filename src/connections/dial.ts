import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** How long an address has to itself before the next is tried as well (RFC 8305 §5). */
const NEXT_AFTER_MS = 250

/** What became of the try to connect to one address; without an error it is silent as yet. */
export interface Try {
  readonly address: string
  readonly error?: NodeJS.ErrnoException
}

/** The first connection that stands, or what became of every try. */
export type Dialled =
  | { readonly kind: 'open'; readonly address: string; readonly socket: Socket }
  | { readonly kind: 'failed'; readonly tries: readonly Try[] }

/**
 * Connects to the first of `addresses` that answers: each is tried a quarter of a second after the
 * one before it, or as soon as that has failed, and none is given up while another may be first.
 *
 * Never rejects. `signal` ends all tries. Whoever gets the socket closes it.
 */
export function dial(
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Dialled> {
  return new Promise((resolve) => {
    const sockets = new Map<string, Socket>()
    const errors = new Map<string, Error>()
    const waiting = [...new Set(addresses)]
    let isOver = false
    let timer: NodeJS.Timeout | undefined

    const end = (dialled: Dialled) => {
      isOver = true
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      for (const socket of sockets.values()) socket.destroy()
      resolve(dialled)
    }
    const giveUp = () => end({ kind: 'failed', tries: triesOf(sockets, errors) })
    const tryNext = () => {
      clearTimeout(timer)
      const address = waiting.shift()
      if (address === undefined) return
      const socket = connect({ host: address, port })
      sockets.set(address, socket)
      socket.once('connect', () => {
        sockets.delete(address)
        end({ kind: 'open', address, socket })
      })
      // Kept, so that what goes wrong before its owner listens ends nobody's process.
      socket.on('error', (error) => {
        if (isOver) return
        errors.set(address, error)
        if (waiting.length > 0) tryNext()
        else if (errors.size === sockets.size) giveUp()
      })
      if (waiting.length > 0) timer = setTimeout(tryNext, NEXT_AFTER_MS)
    }

    signal.addEventListener('abort', giveUp)
    if (signal.aborted || waiting.length === 0) giveUp()
    else tryNext()
  })
}

function triesOf(
  sockets: ReadonlyMap<string, Socket>,
  errors: ReadonlyMap<string, Error>,
): readonly Try[] {
  return [...sockets.keys()].map((address) => {
    const error = errors.get(address)
    return { address, ...(error && { error }) }
  })
}
