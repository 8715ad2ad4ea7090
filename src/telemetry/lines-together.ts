import type { DestinationStream } from 'pino'

/** Lines that leave together. */
export interface LinesTogether extends DestinationStream {
  /** Writes at once what waits. */
  flush(): void
}

/** Hands the lines of one turn of the event loop to `out` in one write: each is a call of the system. */
export function linesTogether(out: { write(text: string): unknown }): LinesTogether {
  let waiting = ''
  const flush = (): void => {
    if (waiting === '') return
    const text = waiting
    waiting = ''
    out.write(text)
  }
  return {
    write: (line) => {
      if (waiting === '') setImmediate(flush)
      waiting += line
    },
    flush,
  }
}
