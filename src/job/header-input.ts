import * as z from 'zod'

import { isAscii } from '../smtp/address-syntax.ts'
import { HEADER_NAMES, OWN_HEADER_PREFIX, RESERVED_HEADERS } from './header-names.ts'
import { kindOf } from './job-issue.ts'
import { MAX_HEADERS, MAX_LINE_BYTES } from './limits.ts'
import { isOneLine } from './text.ts'

/** A header of the caller's: its name as it was written, and its value. */
export type Header = readonly [name: string, value: string]

const X_NAME = /^x-[a-z\d][a-z\d-]{0,75}$/

/** The caller's own headers: plain strings by name, in the end sorted by name. */
export const headersInputSchema = z
  .custom<Readonly<Record<string, string>>>()
  .transform((input: unknown, context): readonly Header[] => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      const message = `expected an object of header names and values, got ${kindOf(input)}`
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    const headers: Header[] = []
    const seen = new Set<string>()
    const entries: readonly [string, unknown][] = Object.entries(input)
    for (const [name, given] of entries) {
      const value = typeof given === 'string' && isOneLine(given) ? given.trim() : given
      const problem = seen.has(name.toLowerCase())
        ? 'the same header is given twice'
        : findHeaderProblem(name, value)
      seen.add(name.toLowerCase())
      if (problem !== undefined) {
        context.addIssue({ code: 'custom', message: problem, path: [name] })
      } else if (typeof value === 'string') {
        headers.push([name, value])
      }
    }
    if (entries.length > MAX_HEADERS) {
      const message = `expected at most ${MAX_HEADERS} headers, got ${entries.length}`
      context.addIssue({ code: 'custom', message })
    }
    return headers.toSorted(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
  })

/** Why a message must not have this header; the reason holds nothing of its value. */
export function findHeaderProblem(name: string, value: unknown): string | undefined {
  const lower = name.toLowerCase()
  const property = Object.hasOwn(RESERVED_HEADERS, lower) ? RESERVED_HEADERS[lower] : undefined
  if (property !== undefined) return `use \`${property}\` instead of this header`
  if (lower.startsWith(OWN_HEADER_PREFIX)) return 'reserved for Mailroom itself'
  const kind = headerKind(lower)
  if (kind === undefined) {
    return 'expected "X-…" or one of the headers that the documentation lists'
  }
  if (typeof value !== 'string') return `expected string, got ${kindOf(value)}`
  if (value === '') return 'expected a value, got none'
  if (!isOneLine(value)) return 'expected no line breaks, control characters or broken Unicode'
  if (kind === 'structured' && !isAscii(value)) return 'expected ASCII characters only'
  const bytes = Buffer.byteLength(value) + name.length + ': '.length
  return bytes > MAX_LINE_BYTES
    ? `expected name and value to have at most ${MAX_LINE_BYTES} octets, got ${bytes}`
    : undefined
}

/** How a header's value is written; undefined for one that no job may have. */
function headerKind(lowerName: string): 'text' | 'structured' | undefined {
  if (X_NAME.test(lowerName)) return 'text'
  return Object.hasOwn(HEADER_NAMES, lowerName) ? HEADER_NAMES[lowerName] : undefined
}
