import type { Socket } from 'node:net'

/** What a client says, in the order in which it says it; nothing is read before it is asked for. */
export interface Input {
  /** The next line without its end; undefined when the client has gone. */
  line(): Promise<string | undefined>
  /** Resolves when a body has begun; false when the client has gone before. */
  begun(): Promise<boolean>
  /** The rest of a body, without the final dot; undefined when the client has gone before that. */
  body(): Promise<string | undefined>
}

const LINE_END = '\r\n'
const BODY_END = '\r\n.\r\n'

export function readInput(socket: Socket): Input {
  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]()
  let rest = ''
  const more = async (): Promise<boolean> => {
    const next = await chunks.next().catch(() => ({ done: true, value: undefined }))
    if (next.done === true || next.value === undefined) return false
    rest += next.value.toString('latin1')
    return true
  }
  const cut = (end: number, length: number): string => {
    const text = rest.slice(0, end)
    rest = rest.slice(end + length)
    return text
  }
  return {
    line: async () => {
      for (;;) {
        const end = rest.indexOf(LINE_END)
        if (end !== -1) return cut(end, LINE_END.length)
        if (!(await more())) return undefined
      }
    },
    begun: async () => rest !== '' || more(),
    body: async () => {
      for (;;) {
        if (rest.startsWith('.\r\n')) return cut(0, 3)
        const end = rest.indexOf(BODY_END)
        if (end !== -1) return cut(end, BODY_END.length)
        if (!(await more())) return undefined
      }
    },
  }
}
