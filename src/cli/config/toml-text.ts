import { parse, TomlError } from 'smol-toml'

import { MAX_DEPTH } from './text-fault.ts'
import type { ParsedText } from './text-fault.ts'

/** Parses TOML 1.0. */
export function parseTomlText(text: string): ParsedText {
  try {
    const content = parse(text, { maxDepth: MAX_DEPTH, unsafeKeyBehaviour: 'throw' })
    return { kind: 'parsed', content }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The parser's sentence quotes the lines around it.
    const { line, column } = error
    return { kind: 'faulty', fault: { problem: 'its syntax is wrong', line, column } }
  }
}
