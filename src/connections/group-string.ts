import { InvalidGroupStringError } from './errors.ts'
import type { UnknownProperties } from './unknown-properties.ts'

const SHAPE = /^\s*(failover|weighted):([^?]*)(?:\?([\s\S]*))?$/i

/** Whether `text` begins as a group does; no URL and no connection string of SSIS does. */
export function isGroupString(text: string): boolean {
  return /^\s*(?:failover|weighted):(?!\/\/)/i.test(text)
}

/**
 * Reads `failover:first,second?after=30s` or `weighted:big=3,small=1` as properties.
 *
 * Names are percent-decoded, and spaces around them are passed over. Throws
 * `InvalidGroupStringError`.
 */
export function parseGroupString(text: string): UnknownProperties {
  const [, kind, list = '', query] = SHAPE.exec(text) ?? []
  if (kind === undefined) {
    throw new InvalidGroupStringError('expected "failover:" or "weighted:" and names', 1)
  }
  const strategy = kind.toLowerCase()
  const start = text.indexOf(':') + 1
  const entries = entriesOf(list, start)
  const given = query === undefined ? {} : parametersOf(query, start + list.length + 1)
  const members =
    strategy === 'failover'
      ? entries.map(({ text: name, position }) => decode(name, position))
      : weightsOf(entries)
  return { strategy, members, ...given }
}

interface Entry {
  readonly text: string
  /** The first character is 1. */
  readonly position: number
}

/** What commas separate; nothing at all is no entry, so that an empty group is told as one. */
function entriesOf(list: string, start: number): readonly Entry[] {
  if (list.trim() === '') return []
  let position = start + 1
  return list.split(',').map((entry) => {
    const begins = position
    position += entry.length + 1
    if (entry.trim() === '') {
      throw new InvalidGroupStringError('expected a name between commas', begins)
    }
    return { text: entry.trim(), position: begins }
  })
}

function weightsOf(entries: readonly Entry[]): Readonly<Record<string, number>> {
  const weights = new Map<string, number>()
  for (const { text, position } of entries) {
    const [, name = '', weight = ''] = /^(.*)=\s*(-?\d+(?:\.\d+)?)$/.exec(text) ?? []
    const decoded = decode(name.trim(), position)
    if (decoded === '' || weights.has(decoded)) {
      throw new InvalidGroupStringError('expected name=weight, each name once', position)
    }
    weights.set(decoded, Number(weight))
  }
  return Object.fromEntries(weights)
}

const PARAMETERS = ['after', 'description']

function parametersOf(query: string, start: number): UnknownProperties {
  const given = new Map<string, string>()
  let position = start + 1
  for (const pair of query.split('&')) {
    const [name = '', ...value] = pair.split('=')
    if (!PARAMETERS.includes(name) || given.has(name) || value.length === 0) {
      const known = PARAMETERS.join(', ')
      throw new InvalidGroupStringError(`expected name=value, each once, of ${known}`, position)
    }
    given.set(name, decode(value.join('='), position))
    position += pair.length + 1
  }
  return Object.fromEntries(given)
}

function decode(text: string, position: number): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new InvalidGroupStringError(
      'expected "%" to begin a percent-encoded byte; write "%" itself as %25',
      position,
    )
  }
}
