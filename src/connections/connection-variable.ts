import type { ConfigurationIssue } from './configuration-issue.ts'

/** A connection manager that an environment variable defines. */
export interface VariableDefinition {
  readonly variable: string
  /** What the variable's name stands for. */
  readonly name: string
  /** The variable's value: a connection string or a URL; may be a secret. */
  readonly definition: string
}

export interface ConnectionVariables {
  readonly definitions: readonly VariableDefinition[]
  readonly issues: readonly ConfigurationIssue[]
}

/** Begins the name of every environment variable that defines a connection manager. */
const PREFIX = 'MAILROOM_CONNECTION_'

/**
 * Reads `MAILROOM_CONNECTION_<NAME>` variables from `env`; `names` are the connection managers that
 * there are without them. An empty variable counts as none.
 *
 * A `<NAME>` without `__` means the one of `names` that reads the same but for case, accents and
 * everything that is no letter or digit (`MAIL_SERVER` is "Mail Server"), and when there is none a
 * new one in lower case. A `<NAME>` with `__` is exact: `__HEX_` is the character with that code
 * point, a letter is in lower case. Every name has an exact spelling (`variableOf`).
 */
export function readConnectionVariables(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): ConnectionVariables {
  const definitions: VariableDefinition[] = []
  const issues: ConfigurationIssue[] = []
  for (const [variable, definition = ''] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || definition === '') continue
    const read = nameOf(variable, names)
    const before = definitions.find(({ name }) => read.kind === 'name' && name === read.name)
    if (read.kind === 'problem') {
      const { code, message } = read
      issues.push({ path: [variable], code, message })
    } else if (before) issues.push(twice(variable, before))
    else definitions.push({ variable, name: read.name, definition })
  }
  return { definitions, issues }
}

/** The names of the variables in `env` that define connection managers. */
export function connectionVariablesIn(
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return Object.keys(env).filter((name) => isConnectionVariable(name) && (env[name] ?? '') !== '')
}

/** The environment variable that means the connection manager `name` and no other. */
export function variableOf(name: string): string {
  const isPlain = /^[a-z0-9]+$/.test(name)
  const letters = Array.from(name, (letter, index) =>
    /[a-z0-9]/.test(letter) && !(isPlain && index === 0) ? letter.toUpperCase() : escapeOf(letter),
  )
  return PREFIX + letters.join('')
}

function escapeOf(letter: string): string {
  return `__${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase()}_`
}

/** Whether `key` names a variable of this kind. */
export function isConnectionVariable(key: PropertyKey | undefined): boolean {
  return typeof key === 'string' && key.startsWith(PREFIX)
}

type Read =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'problem'; readonly code: string; readonly message: string }

function nameOf(variable: string, names: readonly string[]): Read {
  const spelling = variable.slice(PREFIX.length)
  if (!/^[A-Z0-9_]+$/.test(spelling) || /^_+$/.test(spelling)) return problem(SHAPE)
  if (spelling.includes('__')) return decode(spelling)
  const alike = names.filter((name) => fold(name) === fold(spelling))
  if (alike.length > 1) return ambiguous(alike)
  return { kind: 'name', name: alike[0] ?? spelling.toLowerCase() }
}

const MAX_CODE_POINT = 0x10_ff_ff
const SHAPE = `expected ${PREFIX}<NAME> in upper case letters, digits and "_"`

function decode(spelling: string): Read {
  let isSpelt = true
  const name = spelling.replaceAll(
    /__([0-9A-F]{1,6})_|__|[A-Z0-9_]/g,
    (text, hex: string | undefined) => {
      const point = hex === undefined ? undefined : Number.parseInt(hex, 16)
      if (text === '__' || (point ?? 0) > MAX_CODE_POINT) isSpelt = false
      else if (point !== undefined) return String.fromCodePoint(point)
      return text.toLowerCase()
    },
  )
  if (isSpelt) return { kind: 'name', name }
  return problem(
    'expected "__" to begin a character by its code point, such as "__20_" for a space',
  )
}

/** What names have in common that a variable without `__` cannot tell apart. */
function fold(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
}

function problem(message: string): Read {
  return { kind: 'problem', code: 'INVALID_VALUE', message }
}

function ambiguous(names: readonly string[]): Read {
  const each = names.map((name) => `${variableOf(name)} for ${JSON.stringify(name)}`)
  const message = `it could mean more than one connection manager: use ${each.join(', ')}`
  return { kind: 'problem', code: 'AMBIGUOUS_VARIABLE', message }
}

function twice(
  variable: string,
  { variable: other, name }: VariableDefinition,
): ConfigurationIssue {
  const message = `${other} defines ${JSON.stringify(name)} too: keep one of them`
  return { path: [variable], code: 'AMBIGUOUS_VARIABLE', message }
}
