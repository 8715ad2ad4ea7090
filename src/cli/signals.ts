import { EXIT, type ExitCode } from './exit-codes.ts'

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** What `untilSignal` needs of `process`. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
  on(signal: 'SIGHUP', listener: () => void): unknown
}

/**
 * Resolves with the first SIGINT or SIGTERM, after which the caller winds down; a second one calls
 * `exit` at once. Both are heard until the process ends, so that none kills it by default. With
 * `unread` it resolves as for SIGTERM also when that aborts: for what has nobody to work for then.
 */
export function untilSignal(
  source: SignalSource,
  exit: (code: ExitCode) => void,
  unread?: AbortSignal,
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
  if (unread?.aborted === true) first.resolve('SIGTERM')
  unread?.addEventListener('abort', () => first.resolve('SIGTERM'), { once: true })
  return first.promise
}

/**
 * Calls `reload` at every SIGHUP, as daemons do. On a terminal that signal means that the terminal is
 * gone: there it keeps its meaning, so that nothing goes on unseen.
 */
export function onHangup(
  { signals, isTerminal }: { readonly signals: SignalSource; readonly isTerminal: boolean },
  reload: () => Promise<void>,
): void {
  if (!isTerminal) signals.on('SIGHUP', () => void reload())
}
