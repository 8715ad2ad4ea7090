import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

import type { CliOptions, CliResult } from './cli.ts'
import { findProgram } from './find-program.ts'

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts')

/**
 * Runs `mailroom ARGS` on a terminal of its own, made by `script`: what people see, both streams
 * together, in `out`.
 */
export async function runOnTerminal(
  args: readonly string[],
  { cwd, env = {} }: Omit<CliOptions, 'input'>,
): Promise<Pick<CliResult, 'code' | 'out'>> {
  const command = [process.execPath, MAIN, ...args].map(quoted).join(' ')
  const program = await findProgram(['script'])
  if (program === undefined) throw new Error('expected util-linux with its program "script"')
  const child = spawn(program, ['-qec', command, '/dev/null'], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  await once(child, 'close')
  return { code: child.exitCode, out: out.replaceAll('\r\n', '\n') }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
