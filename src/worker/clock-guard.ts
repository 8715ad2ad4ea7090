import { maxSkewMs } from '../queue/clock.ts'
import { ClockSkewError } from './errors.ts'
import type { Lane } from './lane.ts'
import type { StoreClock } from './store-clock.ts'

/** Whether a worker's clock differs so much from the store's that it must not take jobs. */
export interface ClockGuard {
  readonly isOff: boolean
}

/** Holds all lanes while the clock is further off than a queue bears. */
export function guardClock(
  clock: StoreClock,
  lockMs: number,
  lanes: () => readonly Lane[],
  onFault: (error: unknown) => void,
): ClockGuard {
  const maxMs = maxSkewMs(lockMs)
  let isOff = false
  const look = (): void => {
    const wasOff = isOff
    isOff = Math.abs(clock.aheadMs) > maxMs
    if (isOff) onFault(new ClockSkewError(clock.aheadMs, maxMs))
    if (isOff !== wasOff) for (const lane of lanes()) lane.hold(isOff)
  }
  look()
  clock.onMeasured(look)
  return {
    get isOff() {
      return isOff
    },
  }
}
