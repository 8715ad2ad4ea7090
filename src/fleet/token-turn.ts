import { randomUUID } from 'node:crypto'

import type { Turns } from './turns.ts'

/** The turn to do something that only one in the fleet may do; disposing of it gives it back. */
export interface TokenTurn extends AsyncDisposable {
  /** Whether nobody else can have it yet; asked without the store. */
  readonly isMine: boolean
}

export interface TokenTurnOptions {
  /** How long it lasts without a sign of life. */
  readonly forMs: number
  /** Rejects when the store does not answer soon. */
  readonly soon: <T>(work: Promise<T>) => Promise<T>
  readonly onFault: (error: unknown) => void
  /** It was given back. */
  readonly onEnd: () => void
}

/** A sign of life can be lost, and the next one, before the turn is another's. */
const SIGNS = 3

/** Takes the turn for `task`, and prolongs it until it is given back; undefined: another has it. */
export async function takeTurn(
  turns: Turns,
  task: string,
  { forMs, soon, onFault, onEnd }: TokenTurnOptions,
): Promise<TokenTurn | undefined> {
  const holder = randomUUID()
  let isOver = false
  let until: Moment = { steady: 0, wall: 0 }

  const giveBack = (): Promise<void> => turns.giveBack(task, holder)
  const take = async (): Promise<boolean> => {
    // The store counts from when it heard of it, which is later: we are the first to let go.
    const mine = momentIn(forMs)
    const taking = turns.take(task, holder, forMs)
    // What a store that was away takes hold of later is of use to nobody.
    taking.then(() => (isOver ? giveBack() : undefined)).catch(() => undefined)
    if (!(await soon(taking))) return false
    until = mine
    return true
  }
  const end = (): void => {
    isOver = true
    clearInterval(timer)
  }
  const prolong = async (): Promise<void> => {
    if (isPast(until) || !(await take())) end()
  }
  let timer: NodeJS.Timeout | undefined
  try {
    if (!(await take())) return undefined
  } catch (error) {
    isOver = true
    throw error
  }
  timer = setInterval(() => void prolong().catch(onFault), forMs / SIGNS).unref()
  return {
    get isMine() {
      return !isOver && !isPast(until)
    },
    [Symbol.asyncDispose]: async () => {
      end()
      // It ends by itself when the store is away.
      await soon(giveBack()).then(onEnd, onFault)
    },
  }
}

/** One moment on two clocks: one may stand still while the machine sleeps, one may be set. */
interface Moment {
  readonly steady: number
  readonly wall: number
}

function momentIn(ms: number): Moment {
  return { steady: performance.now() + ms, wall: Date.now() + ms }
}

function isPast({ steady, wall }: Moment): boolean {
  return performance.now() >= steady || Date.now() >= wall
}
