import { decodeBytes } from './encoded-words.ts'

/** One header field, unfolded; its encoded words are still encoded. */
export interface HeaderField {
  /** As written; compare it without regard to case. */
  readonly name: string
  readonly value: string
}

/** The value of a field such as `Content-Type`: the first word, and parameters by lower-case name. */
export interface Parameterized {
  /** In lower case; empty when there is none. */
  readonly value: string
  readonly parameters: ReadonlyMap<string, string>
}

/** The fields of a header block (RFC 5322 §2.2), in order; lines that are no field are left out. */
export function parseHeaderFields(block: string): readonly HeaderField[] {
  const lines = block.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
  return lines.flatMap((line) => {
    const [, name, value] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(line) ?? []
    return name === undefined || value === undefined ? [] : [{ name, value: value.trim() }]
  })
}

/** The value of the first field called `name`, if there is one. */
export function fieldOf(fields: readonly HeaderField[], name: string): string | undefined {
  const wanted = name.toLowerCase()
  return fields.find((field) => field.name.toLowerCase() === wanted)?.value
}

const PARAMETER = /;\s*([^=;\s]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s]*))/g

/** Parses `value; name=text; name="text"` with RFC 2231's charsets and continuations. */
export function parseParameterized(text: string): Parameterized {
  const value = (/^[^;]*/.exec(text)?.[0] ?? '').trim().toLowerCase()
  const pieces = new Map<
    string,
    { readonly part: number; readonly text: string; readonly isEncoded: boolean }[]
  >()
  for (const [, name = '', quoted, plain] of text.matchAll(PARAMETER)) {
    const [, base = '', part, star] = /^([^*]+)(?:\*(\d+))?(\*)?$/.exec(name.toLowerCase()) ?? []
    const piece = {
      part: Number(part ?? 0),
      text: quoted === undefined ? (plain ?? '') : quoted.replaceAll(/\\(["\\])/g, '$1'),
      isEncoded: star !== undefined,
    }
    pieces.set(base, [...(pieces.get(base) ?? []), piece])
  }
  const parameters = new Map([...pieces].map(([name, parts]) => [name, joinPieces(parts)] as const))
  return { value, parameters }
}

function joinPieces(
  pieces: readonly { readonly part: number; readonly text: string; readonly isEncoded: boolean }[],
): string {
  const ordered = pieces.toSorted((a, b) => a.part - b.part)
  if (!ordered.some(({ isEncoded }) => isEncoded)) return ordered.map(({ text }) => text).join('')
  const [, charset = 'utf-8'] = /^([^']*)'[^']*'/.exec(ordered[0]?.text ?? '') ?? []
  const bytes = ordered.map(({ text, isEncoded }, index) => {
    const bare = index === 0 ? text.replace(/^[^']*'[^']*'/, '') : text
    return isEncoded ? percentBytes(bare) : Buffer.from(bare)
  })
  return (
    decodeBytes(Buffer.concat(bytes), charset || 'utf-8') ??
    ordered.map(({ text }) => text).join('')
  )
}

function percentBytes(text: string): Buffer {
  const bytes = text.replaceAll(/%([0-9A-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1')
}
