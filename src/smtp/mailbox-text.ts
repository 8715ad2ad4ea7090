/** One entry of a list of mailboxes, cut into its parts but not looked into. */
export interface MailboxParts {
  /** The words before the angle brackets, without quotes and comments; may be empty. */
  readonly name: string
  readonly address: string
  /** Where the address begins in the whole text. */
  readonly position: number
}

/** What keeps an entry, or with it all that follows, from being read. */
export interface MalformedEntry {
  readonly reason: string
  readonly position: number
}

const UNSAFE = /(?!\t)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u
const WHITE_SPACE = /\s+/y
const SEPARATOR = /[,;]/y
const ANGLE = /<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>/y
/** Atoms, quoted strings and address literals that touch each other. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|\[[^[\]]*\]|[^\s"(),:;<>[\]\\])+/y
const NEXT_SEPARATOR = /[,;]|$/g

/**
 * Cuts a list of mailboxes at `,` and `;` (RFC 5322 §3.4); empty entries are passed over.
 *
 * Knows quoted names, comments, angle brackets and address literals; refuses groups. A character
 * that could end a header line makes the whole text malformed.
 */
export function cutMailboxes(text: string): readonly (MailboxParts | MalformedEntry)[] {
  const unsafe = text.search(UNSAFE)
  if (unsafe !== -1) {
    return [{ reason: 'expected no line breaks and no control characters', position: unsafe }]
  }
  const entries: (MailboxParts | MalformedEntry)[] = []
  let position = 0
  while (position < text.length) {
    const { entry, end } = readEntry(text, position)
    if (entry) entries.push(entry)
    position = end
  }
  return entries
}

interface Read {
  readonly entry: MailboxParts | MalformedEntry | undefined
  /** Where the next entry begins. */
  readonly end: number
}

function readEntry(text: string, start: number): Read {
  const words: { readonly raw: string; readonly position: number }[] = []
  let angle: { readonly address: string; readonly position: number } | undefined
  let at = start
  while (at < text.length) {
    const separator = match(SEPARATOR, text, at)
    if (separator) {
      at += 1
      break
    }
    const space = match(WHITE_SPACE, text, at)?.[0].length ?? commentLength(text, at)
    if (space === UNCLOSED) return unclosed('the comment is not closed', text, at)
    if (space > 0) {
      at += space
      continue
    }
    const bracketed = match(ANGLE, text, at)
    const token = bracketed ?? match(WORD, text, at)
    if (!token) return unreadable(text, at)
    if (angle) return malformed('expected a comma or semicolon after the angle brackets', text, at)
    if (bracketed) angle = trimmed(bracketed[1] ?? '', at + 1)
    else words.push({ raw: token[0], position: at })
    at += token[0].length
  }
  return { entry: partsOf(words, angle), end: at }
}

function partsOf(
  words: readonly { readonly raw: string; readonly position: number }[],
  angle: { readonly address: string; readonly position: number } | undefined,
): MailboxParts | MalformedEntry | undefined {
  if (angle)
    return {
      name: words
        .map(({ raw }) => unquoted(raw))
        .join(' ')
        .trim(),
      ...angle,
    }
  const [first, second] = words
  if (first === undefined) return undefined
  if (second === undefined) return { name: '', address: first.raw, position: first.position }
  const reason = 'expected a comma or semicolon, or the address in angle brackets after a name'
  return { reason, position: second.position }
}

function unreadable(text: string, at: number): Read {
  const character = text[at]
  if (character === '"') return unclosed('the quotation is not closed', text, at)
  if (character === '<') return unclosed('the angle bracket is not closed', text, at)
  return character === ':'
    ? malformed('groups are not supported, and a colon in a name needs quotes', text, at)
    : malformed('expected quotes around a name with this character', text, at)
}

/** What follows may belong to the part that was not closed: nothing after it is read. */
function unclosed(reason: string, text: string, position: number): Read {
  return { entry: { reason, position }, end: text.length }
}

function malformed(reason: string, text: string, position: number): Read {
  NEXT_SEPARATOR.lastIndex = position
  return { entry: { reason, position }, end: (NEXT_SEPARATOR.exec(text)?.index ?? position) + 1 }
}

const UNCLOSED = -1

/** The length of the comment that begins at `start`, 0 when there is none; comments may be nested. */
function commentLength(text: string, start: number): number {
  if (text[start] !== '(') return 0
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at + 1 - start
  }
  return UNCLOSED
}

function trimmed(text: string, position: number): { address: string; position: number } {
  return { address: text.trim(), position: position + text.length - text.trimStart().length }
}

function unquoted(word: string): string {
  return word.includes('"')
    ? word.replaceAll(/"((?:[^"\\]|\\.)*)"/g, (_, quoted: string) =>
        quoted.replaceAll(/\\(.)/g, '$1'),
      )
    : word
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}
