import type { Readable } from 'node:stream'
import type { ParseArgsOptionsConfig } from 'node:util'

import type { ExitCode } from './exit-codes.ts'
import type { Surroundings } from './settings.ts'
import type { SignalSource } from './signals.ts'
import type { TerminalStreams } from './terminal.ts'

/** The process as commands see it. */
export interface Context extends Surroundings, TerminalStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly out: { write(chunk: string | Uint8Array): unknown }
  readonly err: TerminalStreams['err'] & { readonly isTTY?: boolean; readonly columns?: number }
  readonly signals: SignalSource
  /** Ends the process at once; only a second signal does. */
  readonly exit: (code: ExitCode) => void
  /** Aborts when nobody reads standard output any more. */
  readonly unread: AbortSignal
}

/** One command: what its help says, what it takes, and what it does. */
export interface Command {
  readonly help: string
  readonly options: ParseArgsOptionsConfig
  /** What a shell may complete its arguments with: names of connections, or these words. */
  readonly completes?: 'connections' | readonly string[]
  /** Resolves with the exit code; rejects with a `MailroomError` for everything expected. */
  run(args: readonly string[], context: Context): Promise<ExitCode>
}
