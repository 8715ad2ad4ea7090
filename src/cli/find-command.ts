import { nearest } from '../connections/nearest.ts'
import { COMMANDS, commandsOf, GROUPS, type CommandEntry } from './commands.ts'
import { UsageError } from './errors.ts'

/** What the first words of a command line name. */
export type Found =
  | {
      readonly kind: 'command'
      readonly name: string
      readonly entry: CommandEntry
      /** The arguments that are left. */
      readonly rest: readonly string[]
    }
  | { readonly kind: 'group'; readonly name: string; readonly rest: readonly string[] }

/**
 * Finds the command, or the group, that `words` begin with.
 *
 * Throws `UsageError` for a word that is neither, with the nearest name.
 */
export function findCommand(words: readonly string[]): Found {
  const [first = '', second = ''] = words
  if (Object.hasOwn(GROUPS, first)) {
    const rest = words.slice(1)
    const isAlone = second === '' || second.startsWith('-')
    return isAlone ? { kind: 'group', name: first, rest } : groupCommand(first, second, words)
  }
  const entry = entryOf(first)
  if (entry) return { kind: 'command', name: first, entry, rest: words.slice(1) }
  const singles = Object.keys(COMMANDS).filter((name) => !name.includes(' '))
  throw unknown(first, nearest(first, [...singles, ...Object.keys(GROUPS)]), 'mailroom help')
}

/** The mistake of naming a group alone; the message lists what it has. */
export function unfinished(group: string): UsageError {
  return new UsageError(
    `"${group}" expects one of ${commandsOf(group).join(', ')}: see "mailroom help ${group}"`,
  )
}

function groupCommand(group: string, word: string, words: readonly string[]): Found {
  const name = `${group} ${word}`
  const entry = entryOf(name)
  if (entry) return { kind: 'command', name, entry, rest: words.slice(2) }
  const hint = nearest(word, commandsOf(group))
  throw unknown(name, hint && `${group} ${hint}`, `mailroom help ${group}`)
}

function entryOf(name: string): CommandEntry | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
}

function unknown(name: string, hint: string | undefined, help: string): UsageError {
  const advice = hint === undefined ? `see "${help}"` : `did you mean "${hint}"?`
  return new UsageError(`there is no command ${JSON.stringify(name)}: ${advice}`)
}
