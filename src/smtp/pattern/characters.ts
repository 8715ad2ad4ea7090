import { InvalidPatternError } from './errors.ts'
import { isWordCharacter, type PatternNode } from './node.ts'
import type { Cursor } from './parse.ts'

type Test = (character: string) => boolean

const isDigit: Test = (character) => character >= '0' && character <= '9'
const isSpace: Test = (character) => /^\s$/.test(character)

/** What a backslash makes of the letter behind it, where several characters are meant. */
const KINDS: Readonly<Record<string, Test>> = {
  d: isDigit,
  D: (character) => !isDigit(character),
  w: isWordCharacter,
  W: (character) => !isWordCharacter(character),
  s: isSpace,
  S: (character) => !isSpace(character),
}

const CONTROLS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v' }

/** Reads what follows a backslash outside of brackets. */
export function parseEscape(cursor: Cursor): PatternNode {
  const letter = cursor.characters[cursor.at]
  if (letter === 'b' || letter === 'B') {
    cursor.at += 1
    return { kind: 'at', place: letter === 'b' ? 'word' : 'no-word' }
  }
  const escaped = takeEscaped(cursor)
  return { kind: 'one', test: testOf(escaped, cursor.ignoresCase) }
}

/** Reads a class such as `[a-z_\d]` behind its opening bracket. */
export function parseClass(cursor: Cursor): PatternNode {
  const { characters, ignoresCase } = cursor
  const isNegated = characters[cursor.at] === '^'
  if (isNegated) cursor.at += 1
  const tests: Test[] = []
  while (characters[cursor.at] !== ']') {
    const from = takeMember(cursor)
    const isRange = characters[cursor.at] === '-' && characters[cursor.at + 1] !== ']'
    if (!isRange) {
      tests.push(testOf(from, ignoresCase))
      continue
    }
    cursor.at += 1
    tests.push(rangeOf(from, takeMember(cursor), ignoresCase))
  }
  cursor.at += 1
  return { kind: 'one', test: (character) => tests.some((test) => test(character)) !== isNegated }
}

function takeMember(cursor: Cursor): string | Test {
  const character = cursor.characters[cursor.at]
  if (character === undefined) throw new InvalidPatternError('a "[" has no "]"')
  cursor.at += 1
  return character === '\\' ? takeEscaped(cursor) : character
}

function takeEscaped(cursor: Cursor): string | Test {
  const letter = cursor.characters[cursor.at]
  if (letter === undefined) throw new InvalidPatternError('it ends in a backslash')
  cursor.at += 1
  const found = KINDS[letter] ?? CONTROLS[letter]
  if (found !== undefined) return found
  if (letter === 'u' || letter === 'x') return takeCode(cursor, letter === 'u' ? 4 : 2)
  if (/^[A-Za-z0-9]$/.test(letter)) {
    throw new InvalidPatternError(`"\\${letter}" is not taken; there are no back references`)
  }
  return letter
}

function takeCode(cursor: Cursor, digits: number): string {
  const text = cursor.characters.slice(cursor.at, cursor.at + digits).join('')
  if (text.length < digits || !/^[0-9A-Fa-f]+$/.test(text)) {
    throw new InvalidPatternError(`expected ${digits} hexadecimal digits`)
  }
  cursor.at += digits
  return String.fromCodePoint(Number.parseInt(text, 16))
}

function testOf(member: string | Test, ignoresCase: boolean): Test {
  if (typeof member !== 'string') return member
  if (!ignoresCase) return (character) => character === member
  const lower = member.toLowerCase()
  return (character) => character === member || character.toLowerCase() === lower
}

function rangeOf(from: string | Test, to: string | Test, ignoresCase: boolean): Test {
  if (typeof from !== 'string' || typeof to !== 'string' || pointOf(from) > pointOf(to)) {
    throw new InvalidPatternError('a range in "[…]" begins after its end')
  }
  const isIn: Test = (character) =>
    pointOf(character) >= pointOf(from) && pointOf(character) <= pointOf(to)
  if (!ignoresCase) return isIn
  return (character) => isIn(character.toLowerCase()) || isIn(character.toUpperCase())
}

function pointOf(character: string): number {
  return character.codePointAt(0) ?? 0
}
