import { isMailroomError } from '../../errors.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import { candidatesFor, type ReadNames } from '../complete.ts'
import { COMPLETION_SCRIPTS, SHELLS } from '../completion-scripts.ts'
import type { Command, Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { loadConfiguration } from '../load-configuration.ts'
import { outputApart } from '../output-apart.ts'
import { printable } from '../table.ts'

/** `mailroom completion`: makes a shell complete commands, options and names. */
export const completion: Command = {
  help: `mailroom completion: a script that makes a shell complete commands, options and names

Usage: mailroom completion bash|zsh|fish
       mailroom completion words -- WORD...

  bash   in ~/.bashrc: eval "$(mailroom completion bash)"
  zsh    in ~/.zshrc, after compinit: eval "$(mailroom completion zsh)"
  fish   in ~/.config/fish/config.fish: mailroom completion fish | source

Names of connection managers come from the configuration at the moment of completion, which runs it
if it is a program: the TAB key does in a folder what every other command does there. The store is
not asked. "words" is what the scripts call: it tells what the last WORD may become, one a line.

Examples:
  mailroom completion bash
  mailroom completion words -- connections ver
`,
  options: COMMON_OPTIONS,
  completes: SHELLS,
  run: async (args, context) => {
    const { positionals } = parseCommandLine('completion', args, COMMON_OPTIONS, Infinity)
    const [what, ...words] = positionals
    if (what === 'words') {
      for (const { word, about } of await candidatesFor(words, readNames(context))) {
        context.out.write(`${word}\t${printable(about)}\n`)
      }
      return EXIT.ok
    }
    const shell = SHELLS.find((known) => known === what)
    if (shell === undefined || words.length > 0) {
      throw new UsageError(`"completion" expects one of ${SHELLS.join(', ')}`)
    }
    context.out.write(COMPLETION_SCRIPTS[shell])
    return EXIT.ok
  },
}

/** Reads the names that the options among the words lead to; none when that fails. */
function readNames(context: Context): ReadNames {
  return async (words) => {
    const valueOf = (option: string): string | undefined => {
      const at = words.lastIndexOf(option)
      return at === -1 ? undefined : words[at + 1]
    }
    const flags = { config: valueOf('--config'), environment: valueOf('--environment') }
    try {
      const { config } = await outputApart(() => loadConfiguration(flags, context))
      return config.connections.names().filter((name) => printable(name) === name)
    } catch (error) {
      if (isMailroomError(error)) return []
      throw error
    }
  }
}
