import { COMMANDS, commandsOf, GROUPS } from './commands.ts'
import type { Command } from './context.ts'
import { HELP } from './help.ts'

/** A word that may come next, and what it is about. */
export interface Candidate {
  readonly word: string
  readonly about: string
}

/** Tells the names of connection managers that the words so far lead to. */
export type ReadNames = (words: readonly string[]) => Promise<readonly string[]>

/** What the last of `words` may become; the program's name is not among them. */
export async function candidatesFor(
  words: readonly string[],
  readNames: ReadNames,
): Promise<readonly Candidate[]> {
  const before = words.slice(0, -1)
  const current = words.at(-1) ?? ''
  const found = await candidatesAfter(before, current, readNames)
  return found.filter(({ word }) => word.startsWith(current))
}

async function candidatesAfter(
  before: readonly string[],
  current: string,
  readNames: ReadNames,
): Promise<readonly Candidate[]> {
  const [first, second] = before
  if (first === undefined) return topics()
  if (first === 'help') return before.length === 1 ? helpTopics() : secondWords(second, before, 2)
  if (Object.hasOwn(GROUPS, first) && before.length === 1) return secondWords(first, before, 1)
  const name = Object.hasOwn(GROUPS, first) ? `${first} ${second}` : first
  const command = Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]?.load() : undefined
  if (command === undefined) return []
  return candidatesOf(command, before.slice(name.split(' ').length), current, () =>
    readNames(before),
  )
}

/** Commands and groups in the order of the table, once each. */
function topics(): readonly Candidate[] {
  const names = new Set(Object.keys(COMMANDS).map((name) => name.split(' ')[0] ?? ''))
  return [
    ...[...names].map((word) => ({ word, about: COMMANDS[word]?.summary ?? GROUPS[word] ?? '' })),
    { word: 'help', about: 'what mailroom and its commands do' },
  ]
}

function helpTopics(): readonly Candidate[] {
  const others = topics().filter(({ word }) => word !== 'help')
  return [...others, { word: 'exit-codes', about: 'what each exit code means' }]
}

/** The words of a group after so many words, nothing later. */
function secondWords(
  group: string | undefined,
  before: readonly string[],
  position: number,
): readonly Candidate[] {
  if (group === undefined || before.length !== position) return []
  return commandsOf(group).map((word) => ({
    word,
    about: COMMANDS[`${group} ${word}`]?.summary ?? '',
  }))
}

const NAME_OPTIONS = ['connection', 'connections']

async function candidatesOf(
  command: Command,
  given: readonly string[],
  current: string,
  readNames: () => Promise<readonly string[]>,
): Promise<readonly Candidate[]> {
  const isLiteral = given.includes('--')
  const last = given.at(-1) ?? ''
  const option = isLiteral ? undefined : command.options[last.replace(/^--/, '')]
  if (last.startsWith('--') && option?.type === 'string') {
    if (!NAME_OPTIONS.includes(last.slice(2))) return []
    const list = last === '--connections' ? current.slice(0, current.lastIndexOf(',') + 1) : ''
    return (await readNames()).map((name) => ({ word: list + name, about: '' }))
  }
  if (current.startsWith('-') && !isLiteral) return optionsOf(command, given)
  const { completes = [] } = command
  const words = completes === 'connections' ? await readNames() : completes
  return words.filter((word) => !given.includes(word)).map((word) => ({ word, about: '' }))
}

/** Its options that may still be given, with what its help says of each. */
function optionsOf({ options, help }: Command, given: readonly string[]): readonly Candidate[] {
  return Object.entries(options)
    .map(([name, { multiple }]) => ({ word: `--${name}`, multiple }))
    .filter(({ word, multiple }) => multiple === true || !given.includes(word))
    .map(({ word }) => {
      const line = new RegExp(`^ +(?:-\\w, )?${word}(?: [^ \\n]+)? {2,}(.+)$`, 'm').exec(
        help + HELP,
      )
      return { word, about: line?.[1] ?? '' }
    })
}
