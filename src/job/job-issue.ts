import type * as z from 'zod'

/** One problem of a job: where it is, and what was expected. Holds nothing of the job's content. */
export interface JobIssue {
  /** As code would write it: `message.to[0]`, `message.headers["X-Team"]`; the whole is `job`. */
  readonly path: string
  readonly problem: string
}

/** Names that can be shown; anything else may be content in the wrong place. */
const PLAIN_NAME = /^[A-Za-z_$][\w$]{0,63}$/
const SHOWN_NAME = /^[\w$-]{1,64}$/

/** The problems that a schema found, all of them. */
export function issuesOf(error: z.core.$ZodError): readonly JobIssue[] {
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          path: describePath([...issue.path, key]),
          problem: 'there is no such property',
        }))
      : [{ path: describePath(issue.path), problem: describeProblem(issue.message) }],
  )
}

/** What a value is, without the value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Date) return 'date'
  return typeof value
}

function describePath(path: readonly PropertyKey[]): string {
  const text = path
    .map((key) => {
      if (typeof key === 'number') return `[${key}]`
      const name = String(key)
      if (PLAIN_NAME.test(name)) return `.${name}`
      return SHOWN_NAME.test(name) ? `["${name}"]` : '[…]'
    })
    .join('')
  return text === '' ? 'job' : text.replace(/^\./, '')
}

function describeProblem(message: string): string {
  const text = message
    .replace(/^(?:Invalid (?:input|option|string)|Too (?:big|small)): /, '')
    .replace(', received ', ', got ')
    .replaceAll('"|"', '", "')
  return text.charAt(0).toLowerCase() + text.slice(1)
}
