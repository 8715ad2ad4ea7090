import { Readable } from 'node:stream'

import { run } from '../../src/cli/run.ts'
import type { CliOptions, CliResult } from './cli.ts'

type InsideOptions = Partial<Pick<CliOptions, 'cwd' | 'env' | 'input'>>

/**
 * Runs `mailroom ARGS` within this process, for what ends soon and hears no signals: a process of its
 * own spends more on loading than on the command.
 */
export async function runInside(
  args: readonly string[],
  { cwd = process.cwd(), env = {}, input = '' }: InsideOptions = {},
): Promise<CliResult> {
  const out: Uint8Array[] = []
  let err = ''
  const code = await run(args, {
    env,
    cwd,
    isTerminal: false,
    stdin: Readable.from(input.length === 0 ? [] : [Buffer.from(input)], { objectMode: false }),
    signals: { on: () => {} },
    out: { write: (chunk) => out.push(Buffer.from(chunk)) },
    err: { write: (text) => (err += text) },
    exit: () => {},
    unread: new AbortController().signal,
  })
  return { code, out: Buffer.concat(out).toString(), err }
}
