import { readFile } from 'node:fs/promises'

import { nearest } from '../connections/nearest.ts'
import { isMailroomError } from '../errors.ts'
import { COMMANDS } from './commands.ts'
import type { Context } from './context.ts'
import { UsageError } from './errors.ts'
import { EXIT, exitCodeOf, type ExitCode } from './exit-codes.ts'
import { exitCodesHelp, HELP } from './help.ts'

/** Runs one command line and resolves with its exit code; every error has been told by then. */
export async function run(args: readonly string[], context: Context): Promise<ExitCode> {
  try {
    return await runCommand(args, context)
  } catch (error) {
    return tellError(error, args, context)
  }
}

async function runCommand(args: readonly string[], context: Context): Promise<ExitCode> {
  const [name = 'help', ...rest] = args
  if (name === '--version') {
    context.out.write(`${await readVersion()}\n`)
    return EXIT.ok
  }
  if (['help', '--help', '-h'].includes(name)) {
    context.out.write(await helpFor(rest[0]))
    return EXIT.ok
  }
  const command = await loadCommand(name)
  const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : rest.length)
  if (options.includes('--help') || options.includes('-h')) {
    context.out.write(command.help)
    return EXIT.ok
  }
  return command.run(rest, context)
}

async function helpFor(topic: string | undefined): Promise<string> {
  if (topic === undefined || topic === 'help') return HELP
  if (topic === 'exit-codes') return exitCodesHelp()
  return (await loadCommand(topic)).help
}

async function loadCommand(name: string): Promise<Awaited<ReturnType<(typeof COMMANDS)[string]>>> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load !== undefined) return load()
  const hint = nearest(name, Object.keys(COMMANDS))
  throw new UsageError(
    `there is no command ${JSON.stringify(name)}: ` +
      (hint === undefined ? 'see "mailroom help"' : `did you mean "${hint}"?`),
  )
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { version }: { readonly version: string } = JSON.parse(text)
  return version
}

/** One line for what was to be expected, and the stack only for those who ask. */
function tellError(error: unknown, args: readonly string[], { err }: Context): ExitCode {
  const code = isMailroomError(error) ? error.code : 'UNEXPECTED'
  const exitCode = isMailroomError(error) ? exitCodeOf(code) : EXIT.failure
  const message = isMailroomError(error)
    ? error.message
    : 'an error that nobody expected; see it with --verbose'
  err.write(
    args.includes('--json')
      ? `${JSON.stringify({ event: 'error', code, message, exitCode })}\n`
      : `mailroom: ${message} (${code})\n`,
  )
  if (args.includes('--verbose')) err.write(`${stackOf(error)}\n`)
  return exitCode
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`
  return (error.stack ?? error.message) + cause
}
