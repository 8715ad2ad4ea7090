import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Program } from './daemon.ts'
import { unpackDebian } from './debian.ts'
import { findProgram } from './find-program.ts'
import type { Provision } from './redis.ts'

const run = promisify(execFile)

type ShellName = 'bash' | 'zsh' | 'fish'

/** A shell of this machine, else unpacked from the distribution, else why there is none. */
export async function provideShell(name: ShellName): Promise<Provision<Program>> {
  try {
    return { kind: 'there', value: await findShell(name) }
  } catch (error) {
    return { kind: 'missing', reason: error instanceof Error ? error.message : String(error) }
  }
}

async function findShell(name: ShellName): Promise<Program> {
  const installed = await findProgram([name])
  if (installed !== undefined) return { command: installed, env: {} }
  const program = name === 'zsh' ? 'bin/zsh' : `usr/bin/${name}`
  const { root, env } = await unpackDebian({ name, packages: [name], programs: [program] })
  return { command: join(root, program), env }
}

/** Runs a text in a shell, with arguments after it; the answer is what it printed. */
export async function runShell(
  { command, env }: Program,
  options: readonly string[],
  { cwd, PATH, HOME }: { readonly cwd: string; readonly PATH: string; readonly HOME: string },
): Promise<string> {
  const { stdout } = await run(command, options, {
    cwd,
    env: { ...env, PATH, HOME, LANG: 'C.UTF-8', TERM: 'dumb' },
  })
  return stdout
}
