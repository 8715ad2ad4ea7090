import { EXIT, type ExitCode } from './exit-codes.ts'

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** What `untilSignal` needs of `process`. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
}

/**
 * Resolves with the first SIGINT or SIGTERM, after which the caller winds down; a second one calls
 * `exit` at once. Both are heard until the process ends, so that none kills it by default.
 */
export function untilSignal(
  source: SignalSource,
  exit: (code: ExitCode) => void,
): Promise<StopSignal> {
  const first = Promise.withResolvers<StopSignal>()
  let heard = 0
  const hear = (signal: StopSignal): void => {
    heard += 1
    if (heard === 1) first.resolve(signal)
    else exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated)
  }
  source.on('SIGINT', hear)
  source.on('SIGTERM', hear)
  return first.promise
}
