/** What a contestant tells its parent when it has delivered its share. */
export interface Measured {
  readonly seconds: number
  readonly cpuMs: number
  readonly rssMb: number
  /** The most that it ever had. */
  readonly maxRssMb: number
}

/** Measures from `started` to the `count`-th `oneDone`, the start of the program left out. */
export function measured(count: number): {
  readonly started: () => void
  readonly oneDone: () => void
  readonly finished: Promise<void>
} {
  let at = 0
  let cpu = process.cpuUsage()
  let done = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  return {
    started: () => {
      at = performance.now()
      cpu = process.cpuUsage()
    },
    oneDone: () => {
      done += 1
      if (done !== count) return
      const { user, system } = process.cpuUsage(cpu)
      const result: Measured = {
        seconds: (performance.now() - at) / 1000,
        cpuMs: (user + system) / 1000,
        rssMb: process.memoryUsage.rss() / 2 ** 20,
        maxRssMb: process.resourceUsage().maxRSS / 1024,
      }
      process.send?.(result, () => resolve())
    },
    finished: promise,
  }
}
