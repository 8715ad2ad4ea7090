import { compilePattern, type Step } from './compile.ts'
import { InvalidPatternError } from './errors.ts'
import { isWordCharacter, type Place } from './node.ts'
import { parsePattern } from './parse.ts'

/** Longer patterns are a mistake. */
const MAX_SOURCE = 500

/**
 * Makes a test of texts from a regular expression such as `/rate.*limit/i`.
 *
 * All ways through the pattern are followed at once, a character at a time, so that the time is
 * at most in proportion to the text's length and the pattern's size: none is catastrophic.
 * Throws `InvalidPatternError`.
 */
export function createPattern(source: string, flags: string): (text: string) => boolean {
  if (!/^i?$/.test(flags)) throw new InvalidPatternError('the only flag is "i"')
  if (source.length > MAX_SOURCE) {
    throw new InvalidPatternError(`it is longer than ${MAX_SOURCE} characters`)
  }
  const { steps, start } = compilePattern(parsePattern(source, flags === 'i'))
  return (text) => isIn(Array.from(text), steps, start)
}

function isIn(text: readonly string[], steps: readonly Step[], start: number): boolean {
  let alive: readonly number[] = []
  for (let at = 0; at <= text.length; at += 1) {
    // Everywhere a match may begin.
    const reached = reach([...alive, start], steps, text, at)
    if (reached === 'match') return true
    const character = text[at]
    if (character === undefined) return false
    alive = reached.flatMap((place) => {
      const step = steps[place]
      return step?.kind === 'one' && step.test(character) ? [step.next] : []
    })
  }
  return false
}

/** The steps at which a character is wanted, from `begin` on without taking one. */
function reach(
  begin: readonly number[],
  steps: readonly Step[],
  text: readonly string[],
  at: number,
): readonly number[] | 'match' {
  const seen = new Uint8Array(steps.length)
  const todo = [...begin]
  const wanting: number[] = []
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    if (seen[place] === 1) continue
    seen[place] = 1
    const step = steps[place]
    if (step === undefined || step.kind === 'match') return 'match'
    if (step.kind === 'one') wanting.push(place)
    else if (step.kind === 'fork') todo.push(step.next, step.other)
    else if (isAt(step.place, text, at)) todo.push(step.next)
  }
  return wanting
}

function isAt(place: Place, text: readonly string[], at: number): boolean {
  if (place === 'start') return at === 0
  if (place === 'end') return at === text.length
  const isEdge = isWordCharacter(text[at - 1]) !== isWordCharacter(text[at])
  return isEdge === (place === 'word')
}
