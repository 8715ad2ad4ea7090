import type { Socket } from 'node:net'

/** How long what has arrived may take to be read after a write has failed. */
const LAST_WORDS_MS = 1000

type Done = (error?: Error | null) => void

/** Why writing to a socket has failed already, if it has. */
export interface LastWords {
  readonly failure: Error | undefined
}

/**
 * Lets what a server said before it hung up be read also when a write fails first.
 *
 * Node closes a socket whose write fails, and what has arrived unread goes with it: often the reply
 * that says why. A failed write is told only when reading has not ended the socket within a second.
 */
export function hearLastWords(socket: Socket): LastWords {
  let failure: Error | undefined
  const afterReading =
    (done: Done): Done =>
    (error) => {
      if (!error) {
        done()
        return
      }
      failure ??= error
      const timer = setTimeout(done, LAST_WORDS_MS, error)
      socket.once('close', () => clearTimeout(timer))
    }

  const write = socket._write.bind(socket)
  socket._write = (chunk, encoding, done) => write(chunk, encoding, afterReading(done))
  const writev = socket._writev?.bind(socket)
  if (writev) socket._writev = (chunks, done) => writev(chunks, afterReading(done))
  return {
    get failure() {
      return failure
    },
  }
}
