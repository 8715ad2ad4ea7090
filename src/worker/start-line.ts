/** Runs what it is given, so many at once; what comes later waits for its turn. */
export type StartLine = <Result>(run: () => Promise<Result>) => Promise<Result>

/** A server that counts logins must not see those of all its managers together when a worker starts. */
const STARTS_AT_ONCE = 5

/** Makes the line of one worker, in which its managers are asked at the start. */
export function createStartLine(most = STARTS_AT_ONCE): StartLine {
  const waiting: (() => void)[] = []
  let running = 0
  return async (run) => {
    if (running >= most) await new Promise<void>((resolve) => void waiting.push(resolve))
    else running += 1
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      // Its place goes on to the next one.
      if (next === undefined) running -= 1
      else next()
    }
  }
}
