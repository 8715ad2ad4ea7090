import { REFERENCES_PATTERN } from './references.ts'
import { secretText } from './secret-text.ts'

/** How the stores' locations begin, which a test compares with what they take. */
const SCHEME = inAnyCase(String.raw`(?:rediss?(?:\+(?:sentinel|cluster))?|postgres(?:ql)?):\/\/`)

const FORMS =
  '"redis://host:6379", "rediss://host:6379", "redis+sentinel://host:26379/master", "redis+cluster://host:6379", "postgres://host/database" or "embedded:DIRECTORY"'

/** A scheme, or a reference that may hold one. */
const BEGINNING = String.raw`\s*(?:embedded:|${SCHEME}|[^:$]*\$\{(?:env|file):)`
const BEGINS = new RegExp(`^${BEGINNING}`)

/** The schema of where jobs wait; what is behind its scheme is for the store to judge. */
export function queueLocation() {
  return secretText({
    pattern: `^(?=${BEGINNING})${REFERENCES_PATTERN.slice(1)}`,
    refusal: (text) =>
      BEGINS.test(text)
        ? undefined
        : `expected the location of a store such as ${FORMS}, got ${describe(text.trim())}`,
  })
}

/** JSON Schema has no flag for it. */
function inAnyCase(pattern: string): string {
  return pattern.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`)
}

/** It may hold a password and is not repeated. */
function describe(text: string): string {
  if (text === '') return 'an empty text'
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  return scheme === undefined
    ? `a text of ${text.length} characters without one of these schemes`
    : `one that begins with "${scheme}://"`
}
