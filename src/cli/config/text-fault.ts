/** What is wrong in a configuration file's text and where, in words that quote nothing of it. */
export interface TextFault {
  readonly problem: string
  /** The first line and column are 1. */
  readonly line: number
  readonly column: number
}

/** A configuration file's text as a value, or what is wrong with it. */
export type ParsedText =
  | { readonly kind: 'parsed'; readonly content: unknown }
  | { readonly kind: 'faulty'; readonly fault: TextFault }

/** A fault at the character `offset` of `text`. */
export function faultAt(text: string, offset: number, problem: string): TextFault {
  const before = text.slice(0, offset).split('\n')
  return { problem, line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

/** How deep a configuration may be nested: more is a mistake or an attack on the parser. */
export const MAX_DEPTH = 100
