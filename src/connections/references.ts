import { InvalidReferenceError, SecretUnavailableError } from './errors.ts'
import { readSecretFile } from './secret-file.ts'

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'env'; readonly name: string; readonly reference: string }
  | { readonly kind: 'file'; readonly path: string; readonly reference: string }

/** Where references are looked up. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Reads a whole file as UTF-8; from disk by default. A relative path starts at the process. */
  readonly readFile?: (path: string) => Promise<string>
  /** How long reading one file may take, in milliseconds; 5,000 by default. */
  readonly readWithinMs?: number
}

const TOKEN = /\$\$\{|\$\{[^}]*\}?/g
const ENV = /^\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}$/
const FILE = /^\$\{file:([^}]+)\}$/

/**
 * The parts of a text that may hold `${env:NAME}` and `${file:path}`; `$${` is a literal `${`.
 *
 * Throws `InvalidReferenceError` for any other `${`, so that a typing error is no password.
 */
function parseReferences(text: string): readonly Part[] {
  const parts: Part[] = []
  let end = 0
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    parts.push({ kind: 'text', text: text.slice(end, index) })
    parts.push(parseToken(token, index + 1))
    end = index + token.length
  }
  parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

function parseToken(token: string, position: number): Part {
  if (token === '$${') return { kind: 'text', text: '${' }
  const name = ENV.exec(token)?.[1]
  if (name !== undefined) return { kind: 'env', name, reference: token }
  const path = FILE.exec(token)?.[1]
  if (path !== undefined) return { kind: 'file', path, reference: token }
  throw new InvalidReferenceError(position)
}

/** What `checkReferences` lets through, as a regular expression for schemas. */
export const REFERENCES_PATTERN = String.raw`^(?:[^$]|\$(?!\{)|\$\$\{|\$\{env:[A-Za-z_][A-Za-z0-9_]*\}|\$\{file:[^\}]+\})*$`

/** Returns `text` unchanged; throws `InvalidReferenceError` when a reference in it is malformed. */
export function checkReferences(text: string): string {
  parseReferences(text)
  return text
}

/** The variables and files that `text` refers to. */
export function referencesIn(text: string): readonly Exclude<Part, { readonly kind: 'text' }>[] {
  return parseReferences(text).filter((part) => part.kind !== 'text')
}

/** Whether `text` is one reference and nothing else, and so may be shown. */
export function isReference(text: string): boolean {
  return ENV.test(text) || FILE.test(text)
}

/**
 * Replaces the references in `text` by what they refer to, now; what comes in is not expanded again.
 *
 * A file loses one trailing line break. Throws `SecretUnavailableError` for a variable or file that
 * is missing or empty, and for what is no regular file or cannot be read in time.
 */
export async function resolveReferences(text: string, sources: SecretSources): Promise<string> {
  const values = await Promise.all(parseReferences(text).map((part) => resolvePart(part, sources)))
  return values.join('')
}

async function resolvePart(part: Part, sources: SecretSources): Promise<string> {
  if (part.kind === 'text') return part.text
  const value =
    part.kind === 'env'
      ? readVariable(part, sources)
      : await readSecretFile(part.path, part.reference, sources)
  if (value === '') throw new SecretUnavailableError(part.reference, 'is empty')
  return value
}

function readVariable(
  { name, reference }: Extract<Part, { readonly kind: 'env' }>,
  { env }: SecretSources,
): string {
  const value = env[name]
  if (value === undefined) throw new SecretUnavailableError(reference, 'is not set')
  return value
}
