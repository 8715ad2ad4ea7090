/** What came of writing to the outputs of this process. */
export interface Outputs {
  /** Aborts when standard output takes nothing any more. */
  readonly unread: AbortSignal
  /** Why something is lost that somebody would have read; undefined when nothing is. */
  readonly fault: string | undefined
  /** Resolves when all that was written has left the process, or is lost. */
  written(): Promise<void>
}

/** The reader went away: the other end of a pipe or a socket, or a terminal. */
const GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET', 'EIO'])

/**
 * Keeps what cannot be written to `out` and `err` from ending the process: what it has begun, such as
 * deliveries, goes on. A reader that goes away (`mailroom status | head -1`) is no fault of ours; a
 * disk that is full is one.
 */
export function watchOutputs(out: NodeJS.WritableStream, err: NodeJS.WritableStream): Outputs {
  const unread = new AbortController()
  let fault: string | undefined
  out.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (!GONE.has(code)) fault ??= code ?? message
    unread.abort()
  })
  err.on('error', () => {})
  return {
    unread: unread.signal,
    get fault() {
      return fault
    },
    written: async () => {
      await Promise.all([ended(out), ended(err)])
    },
  }
}

function ended(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => void stream.write('', () => resolve()))
}
