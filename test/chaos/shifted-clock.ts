/** Gives this process a wall clock that can be put forward and back, as an operator or NTP does. */
let shiftMs = 0

const RealDate = Date
const now = (): number => RealDate.now() + shiftMs

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: readonly unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
  get: (target, key, receiver) =>
    key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown),
})

/** From now on the clock is off by `ms`. Timers and `performance` go on as they do in reality. */
export function shiftClock(ms: number): void {
  shiftMs = ms
}
