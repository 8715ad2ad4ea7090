import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Point } from './misdeeds.ts'

/** The server's voice in one conversation. */
export interface Speaker {
  say(text: string): void
  /** Says it piece by piece, so slowly that each arrives alone. */
  trickle(text: string): Promise<void>
  /** Says no; behind some points that ends the session. */
  refuse(how: '4xx' | '5xx', at: Point): 'refused' | 'over'
  /** Ends the connection behind what was said, or in the middle of it. */
  close(): 'over'
  reset(): 'over'
}

const PIECES = 8
const PIECE_MS = 15

export function createSpeaker(socket: Socket): Speaker {
  const write = (text: string): void => {
    if (socket.writable) socket.write(text)
  }
  const say = (text: string): void => write(onTheWire(text))
  const close = (): 'over' => {
    socket.end()
    return 'over'
  }
  return {
    say,
    trickle: async (text) => {
      socket.setNoDelay(true)
      const whole = onTheWire(text)
      const size = Math.ceil(whole.length / PIECES)
      for (let at = 0; at < whole.length; at += size) {
        write(whole.slice(at, at + size))
        await sleep(PIECE_MS)
      }
    },
    refuse: (how, at) => {
      if (at === 'auth') say(how === '4xx' ? '454 4.7.0 not now' : '535 5.7.8 who are you?')
      else say(how === '4xx' ? '451 4.3.0 not now' : '554 5.0.0 no')
      // Who is not let in has nothing to say, and who is interrupted does not know what is read.
      return at === 'greeting' || at === 'body' ? close() : 'refused'
    },
    close,
    reset: () => {
      socket.resetAndDestroy()
      return 'over'
    },
  }
}

function onTheWire(text: string): string {
  return `${text.replaceAll('\n', '\r\n')}\r\n`
}
