import { parseClass, parseEscape } from './characters.ts'
import { InvalidPatternError } from './errors.ts'
import type { PatternNode } from './node.ts'

/** The characters of a pattern, and the place in them that is read next. */
export interface Cursor {
  readonly characters: readonly string[]
  readonly ignoresCase: boolean
  at: number
}

/** As deep as groups may lie in each other. */
const MAX_DEPTH = 20
/** How often `{n}` may repeat something. */
const MAX_REPEATS = 100

/**
 * Reads a regular expression in the syntax of JavaScript, without what needs to go back in the text:
 * no look-around, no back reference.
 *
 * Throws `InvalidPatternError`.
 */
export function parsePattern(source: string, ignoresCase: boolean): PatternNode {
  const cursor: Cursor = { characters: Array.from(source), ignoresCase, at: 0 }
  const node = parseChoice(cursor, 0)
  if (cursor.at < cursor.characters.length) throw new InvalidPatternError('a ")" has no "("')
  return node
}

function parseChoice(cursor: Cursor, depth: number): PatternNode {
  if (depth > MAX_DEPTH)
    throw new InvalidPatternError(`more than ${MAX_DEPTH} groups in each other`)
  const options = [parseSequence(cursor, depth)]
  while (take(cursor, '|')) options.push(parseSequence(cursor, depth))
  const [only] = options
  return only !== undefined && options.length === 1 ? only : { kind: 'choice', options }
}

function parseSequence(cursor: Cursor, depth: number): PatternNode {
  const parts: PatternNode[] = []
  for (;;) {
    const next = cursor.characters[cursor.at]
    if (next === undefined || next === '|' || next === ')') return { kind: 'sequence', parts }
    parts.push(parseRepeat(cursor, depth))
  }
}

function parseRepeat(cursor: Cursor, depth: number): PatternNode {
  const part = parseAtom(cursor, depth)
  const counts = parseCounts(cursor)
  if (counts === undefined) return part
  if (part.kind === 'at') throw new InvalidPatternError('a place in the text cannot be repeated')
  // Whether as much or as little as possible is taken makes no difference to whether it matches.
  take(cursor, '?')
  if (parseCounts(cursor)) throw new InvalidPatternError('a repetition is repeated: group it')
  return { kind: 'repeat', part, ...counts }
}

interface Counts {
  readonly min: number
  readonly max: number
}

function parseCounts(cursor: Cursor): Counts | undefined {
  if (take(cursor, '*')) return { min: 0, max: Infinity }
  if (take(cursor, '+')) return { min: 1, max: Infinity }
  if (take(cursor, '?')) return { min: 0, max: 1 }
  if (cursor.characters[cursor.at] !== '{') return undefined
  const rest = cursor.characters.slice(cursor.at, cursor.at + 12).join('')
  const [all, from, comma, to] = /^\{(\d{1,4})(,)?(\d{1,4})?\}/.exec(rest) ?? []
  if (all === undefined) throw new InvalidPatternError('"{" begins no repetition: write "\\{"')
  cursor.at += all.length
  const min = Number(from)
  const max = comma === undefined ? min : to === undefined ? Infinity : Number(to)
  if (max < min) throw new InvalidPatternError(`"${all}" has no number of repetitions`)
  if (Math.max(min, max === Infinity ? 0 : max) > MAX_REPEATS) {
    throw new InvalidPatternError(`"${all}" repeats more than ${MAX_REPEATS} times`)
  }
  return { min, max }
}

function parseAtom(cursor: Cursor, depth: number): PatternNode {
  const character = cursor.characters[cursor.at++] ?? ''
  switch (character) {
    case '(':
      return parseGroup(cursor, depth)
    case '[':
      return parseClass(cursor)
    case '\\':
      return parseEscape(cursor)
    case '.':
      return { kind: 'one', test: () => true }
    case '^':
      return { kind: 'at', place: 'start' }
    case '$':
      return { kind: 'at', place: 'end' }
    case '*':
    case '+':
    case '?':
    case '{':
      throw new InvalidPatternError(`"${character}" has nothing to repeat: write "\\${character}"`)
    default:
      return literal(character, cursor.ignoresCase)
  }
}

function parseGroup(cursor: Cursor, depth: number): PatternNode {
  if (take(cursor, '?') && !take(cursor, ':')) {
    throw new InvalidPatternError('look-around and named groups are not taken: write "(?:…)"')
  }
  const node = parseChoice(cursor, depth + 1)
  if (!take(cursor, ')')) throw new InvalidPatternError('a "(" has no ")"')
  return node
}

/** One character as it is written, or with `i` in either case. */
export function literal(character: string, ignoresCase: boolean): PatternNode {
  if (!ignoresCase) return { kind: 'one', test: (other) => other === character }
  const lower = character.toLowerCase()
  return { kind: 'one', test: (other) => other === character || other.toLowerCase() === lower }
}

function take(cursor: Cursor, character: string): boolean {
  if (cursor.characters[cursor.at] !== character) return false
  cursor.at += 1
  return true
}
