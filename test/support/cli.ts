import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'

const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts')

const { PATH, HOME, NODE_COMPILE_CACHE } = process.env
/** What Node needs, and what makes it start sooner. */
const NODES = { PATH, HOME, NODE_COMPILE_CACHE }

export interface CliOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** What standard input holds; nothing by default. */
  readonly input?: string | Buffer
  /** A file that standard output is written to, instead of to the caller. */
  readonly outTo?: string
}

export interface CliResult {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A command line that runs in a process of its own; disposing kills what is left of it. */
export interface RunningCli extends AsyncDisposable {
  readonly pid: number
  readonly out: string
  readonly err: string
  readonly result: Promise<CliResult>
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void
  /** Closes both of its outputs at this end, as `head` does. */
  stopReading(): void
}

/** Starts `mailroom ARGS` with no environment of the tests' but what Node needs. */
export function startCli(args: readonly string[], options: CliOptions): RunningCli {
  const out = options.outTo === undefined ? undefined : openSync(options.outTo, 'w')
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: { ...NODES, ...options.env },
    stdio: ['pipe', out ?? 'pipe', 'pipe'],
  })
  if (out !== undefined) closeSync(out)
  const written = { out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (written.out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (written.err += text))
  // A command that does not read its input may be gone before it is written.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const result = once(child, 'close').then(() => ({ code: child.exitCode, ...written }))
  return {
    pid: child.pid ?? 0,
    get out() {
      return written.out
    },
    get err() {
      return written.err
    },
    result,
    signal: (name) => void child.kill(name),
    stopReading: () => {
      child.stdout?.destroy()
      child.stderr?.destroy()
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await result
    },
  }
}

/** Runs `mailroom ARGS` to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  await using cli = startCli(args, options)
  return await cli.result
}

/** The JSON objects of some lines of output. */
export function jsonLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
