import { faultAt, MAX_DEPTH } from './text-fault.ts'
import type { ParsedText, TextFault } from './text-fault.ts'

const SPACE = /[ \t\r\n]*/y
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y

/**
 * Parses JSON (RFC 8259), each key once.
 *
 * `JSON.parse` alone keeps the last of equal keys silently, tells no place for half of its faults and
 * quotes the text in the others.
 */
export function parseJsonText(text: string): ParsedText {
  const fault = findFault(text)
  return fault ? { kind: 'faulty', fault } : { kind: 'parsed', content: JSON.parse(text) }
}

function findFault(text: string): TextFault | undefined {
  let at = 0
  const fault = (problem: string, offset = at): TextFault => faultAt(text, offset, problem)
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const taken = pattern.exec(text)?.[0]
    at += taken?.length ?? 0
    return taken
  }
  const takeMark = (mark: string): boolean => {
    take(SPACE)
    if (text[at] !== mark) return false
    at += 1
    return true
  }
  const value = (depth: number): TextFault | undefined => {
    if (depth > MAX_DEPTH) return fault(`expected no more than ${MAX_DEPTH} levels`)
    if (takeMark('{')) return members('}', depth, member(new Set()))
    if (takeMark('[')) return members(']', depth, value)
    return (take(STRING) ?? take(SCALAR)) === undefined ? fault('expected a value') : undefined
  }
  const member = (keys: Set<unknown>) => (depth: number) => {
    take(SPACE)
    const start = at
    const quoted = take(STRING)
    if (quoted === undefined) return fault('expected a key in double quotes')
    const key: unknown = JSON.parse(quoted)
    if (keys.has(key)) return fault('this key is there already', start)
    keys.add(key)
    return takeMark(':') ? value(depth) : fault('expected ":" after the key')
  }
  const members = (
    end: '}' | ']',
    depth: number,
    one: (depth: number) => TextFault | undefined,
  ): TextFault | undefined => {
    if (takeMark(end)) return undefined
    do {
      const found = one(depth + 1)
      if (found) return found
    } while (takeMark(','))
    return takeMark(end) ? undefined : fault(`expected "," or "${end}"`)
  }
  const found = value(0)
  if (found) return found
  take(SPACE)
  return at < text.length ? fault('expected the end of the file') : undefined
}
