import type { Consumer } from '../queue/queues.ts'

/** How much of a name's mail is taken; the one place that turns its consumer. */
export interface Intake {
  /** Whether nothing is taken because nothing could be tried. */
  readonly isShut: boolean
  /** Takes no more than `sessions` at once; when it is shut, nothing, and what waits for a way goes back. */
  turn(sessions: number, isShut: boolean): void
}

/** Makes the intake of a consumer that takes nothing yet. */
export function createIntake(
  consumer: () => Pick<Consumer, 'park' | 'unpark' | 'setConcurrency'>,
  onFault: (error: unknown) => void,
): Intake {
  let concurrency = 0
  let wasShut = false
  return {
    get isShut() {
      return wasShut
    },
    turn: (sessions, isShut) => {
      if (isShut && !wasShut) consumer().park()
      if (sessions !== concurrency) consumer().setConcurrency(sessions).catch(onFault)
      concurrency = sessions
      if (!isShut && wasShut) consumer().unpark().catch(onFault)
      wasShut = isShut
    },
  }
}
