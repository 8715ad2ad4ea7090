import { isMailroomError } from '../errors.ts'
import { readVersion } from '../version.ts'
import type { Context } from './context.ts'
import { EXIT, exitCodeOf, type ExitCode } from './exit-codes.ts'
import { findCommand, unfinished, type Found } from './find-command.ts'
import { exitCodesHelp, groupHelp, HELP } from './help.ts'

/** Runs one command line and resolves with its exit code; every error has been told by then. */
export async function run(args: readonly string[], context: Context): Promise<ExitCode> {
  try {
    return await runCommand(args, context)
  } catch (error) {
    return tellError(error, args, context)
  }
}

async function runCommand(args: readonly string[], context: Context): Promise<ExitCode> {
  const [name = 'help'] = args
  if (name === '--version') {
    context.out.write(`${readVersion()}\n`)
    return EXIT.ok
  }
  if (['help', '--help', '-h'].includes(name)) {
    context.out.write(await helpFor(args.slice(1)))
    return EXIT.ok
  }
  const found = findCommand(args)
  const { rest } = found
  const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : rest.length)
  if (options.includes('--help') || options.includes('-h')) {
    context.out.write(await helpOf(found))
    return EXIT.ok
  }
  if (found.kind === 'group') throw unfinished(found.name)
  return (await found.entry.load()).run(rest, context)
}

async function helpFor(words: readonly string[]): Promise<string> {
  const [topic = 'help'] = words
  if (topic === 'help') return HELP
  if (topic === 'exit-codes') return exitCodesHelp()
  return helpOf(findCommand(words))
}

async function helpOf(found: Found): Promise<string> {
  return found.kind === 'group' ? groupHelp(found.name) : (await found.entry.load()).help
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
