import { Readable } from 'node:stream'

import { run } from '../../src/cli/run.ts'
import { readSurroundings } from '../../src/cli/settings.ts'
import type { CliResult } from './cli.ts'

/** Runs `mailroom ARGS` within this process, for what ends soon and hears no signals. */
export async function runInside(
  args: readonly string[],
  cwd: string = process.cwd(),
): Promise<CliResult> {
  const written = { out: '', err: '' }
  const code = await run(args, {
    ...readSurroundings(),
    env: {},
    cwd,
    stdin: Readable.from([]),
    signals: { on: () => {} },
    out: { write: (chunk) => (written.out += String(chunk)) },
    err: { write: (text) => (written.err += text) },
    exit: () => {},
    unread: new AbortController().signal,
  })
  return { code, ...written }
}
