import * as z from 'zod'

import { MAX_CONNECTION_LENGTH, MAX_LINE_BYTES } from './limits.ts'

/** What would end a header line, hide text from its reader, or has no UTF-8 form. Tabs are white space. */
const UNSAFE = /(?!\t)[\p{Cc}\p{Cs}]/u

const UNSAFE_PROBLEM = 'expected no line breaks, control characters or broken Unicode'

/** Whether `text` can stand in a header. */
export function isOneLine(text: string): boolean {
  return !UNSAFE.test(text)
}

/** Text that stands on one line of a header once it is encoded. */
export const lineSchema = z.string().max(MAX_LINE_BYTES).refine(isOneLine, UNSAFE_PROBLEM)

/** Text of any length. NUL stands in no message (RFC 5322 §2.2) and in no Postgres. */
export const bodySchema = z.string().refine((text) => !text.includes('\0') && text.isWellFormed(), {
  error: 'expected no NUL characters and no broken Unicode',
})

/** The name of a connection manager, as far as it can be judged without knowing them. */
export const connectionSchema = z
  .string()
  .refine(
    (name) => Array.from(name).length <= MAX_CONNECTION_LENGTH,
    `expected at most ${MAX_CONNECTION_LENGTH} characters`,
  )
  .refine((name) => name.trim() !== '', 'expected the name of a connection manager')
  .refine(isOneLine, UNSAFE_PROBLEM)

/** A file's name without directories. */
export const filenameSchema = lineSchema
  .min(1, 'expected at least one character')
  .max(255)
  .refine((name) => !/[/\\]/.test(name), 'expected a file name without directories')

/** What a part of a message is (RFC 2045 §5.1). A part with parts of its own is no attachment. */
export const contentTypeSchema = z
  .string()
  .max(255)
  .regex(
    /^(?!multipart\/)[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?(?:charset|format|method)=[\w.+-]+)*$/i,
    'expected a media type such as "text/csv" or "text/csv; charset=utf-8", not a multipart',
  )

/** What refers to a part as `cid:…` in the HTML (RFC 2392), without angle brackets. */
export const contentIdSchema = z
  .string()
  .max(255)
  .regex(/^[!-;=?-~]+$/, 'expected ASCII letters, digits and signs without angle brackets')

/** A message identifier with its angle brackets (RFC 5322 §3.6.4). */
export const messageIdSchema = z
  .string()
  .max(MAX_LINE_BYTES - 'In-Reply-To: '.length)
  .regex(/^<[!-;=?-~]+>$/, 'expected a message identifier such as "<id@example.com>"')
