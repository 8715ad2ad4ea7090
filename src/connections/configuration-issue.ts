import type * as z from 'zod'

import type { MailroomError } from '../errors.ts'
import { nearest } from './nearest.ts'

/** One problem of a configuration: where it is, what it is, and the name that programs match. */
export interface ConfigurationIssue {
  /** From the outermost property inwards, such as `connections`, `relay`, `port`. */
  readonly path: readonly PropertyKey[]
  /** `INVALID_VALUE`, `UNKNOWN_PROPERTY`, or the `code` of the error behind it. */
  readonly code: string
  /** For people; never holds the value of a property that may be a secret. */
  readonly message: string
}

/**
 * The issues behind zod's, all below `prefix`; an unknown property gets the nearest `known` one.
 *
 * Parse with `reportInput`, so that numbers and words that were not on a list can be told.
 */
export function issuesOf(
  error: z.ZodError,
  prefix: readonly PropertyKey[] = [],
  known: readonly string[] = [],
): readonly ConfigurationIssue[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownProperty([...path, key], key, known))
    }
    return [{ path, code: codeOf(issue), message: describeIssue(issue) }]
  })
}

/** An error that was thrown on purpose, as a problem of the property at `path`. */
export function issueOf(error: MailroomError, path: readonly PropertyKey[]): ConfigurationIssue {
  return { path, code: error.code, message: error.message }
}

function unknownProperty(
  path: readonly PropertyKey[],
  key: string,
  known: readonly string[],
): ConfigurationIssue {
  const hint = nearest(key, known)
  return {
    path,
    code: 'UNKNOWN_PROPERTY',
    message: `there is no such property${hint === undefined ? '' : `; did you mean "${hint}"?`}`,
  }
}

function codeOf(issue: z.core.$ZodIssue): string {
  const code: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined
  return typeof code === 'string' ? code : 'INVALID_VALUE'
}

/** Zod's sentence in our words: what was expected, and what came where it can be no secret. */
function describeIssue(issue: z.core.$ZodIssue): string {
  const expected = issue.message
    .replace(/^(?:Invalid input|Invalid option|Too small|Too big): /, '')
    .replace(', received undefined', ', got nothing')
    .replace(', received ', ', got ')
  const mayShow =
    issue.code === 'invalid_value' || issue.code === 'too_small' || issue.code === 'too_big'
  return mayShow && isShort(issue.input)
    ? `${expected}, got ${JSON.stringify(issue.input)}`
    : expected
}

function isShort(input: unknown): boolean {
  return typeof input === 'number' || (typeof input === 'string' && input.length <= 20)
}
