import { InvalidJobError } from '../job/errors.ts'
import type { JobIssue } from '../job/job-issue.ts'
import { DSN_EVENTS, type DsnRequest } from '../smtp/dsn.ts'
import { UnsupportedMailOptionError } from './errors.ts'

/** How nodemailer lets people write `return`, in upper case. */
const RETURNS: Readonly<Record<string, DsnRequest['return']>> = {
  HDRS: 'headers',
  HEADERS: 'headers',
  FULL: 'full',
  BODY: 'full',
}

/**
 * Reads the `dsn` of a nodemailer mail, in all the ways in which nodemailer takes it.
 *
 * Throws `InvalidJobError`, and `UnsupportedMailOptionError` for one `recipient` in the place of all:
 * reports name each recipient by the own address.
 */
export function readNodemailerDsn(given: object): DsnRequest {
  const read = (...names: readonly string[]): unknown =>
    names.map((name): unknown => Reflect.get(given, name)).find((value) => Boolean(value))
  if (read('recipient', 'orcpt') !== undefined) {
    throw new UnsupportedMailOptionError(['dsn.recipient'])
  }
  const issues: JobIssue[] = []
  const back = textOf(read('ret', 'return'))
  const id = textOf(read('envid', 'id'))
  const asked = read('notify')
  const notify = asked === undefined ? undefined : eventsOf(asked)
  if (back !== undefined && RETURNS[back.toUpperCase()] === undefined) {
    issues.push({ path: 'dsn.return', problem: 'expected "headers" or "full"' })
  }
  if (asked !== undefined && notify === undefined) {
    const problem = 'expected "never", or some of "success", "failure" and "delay"'
    issues.push({ path: 'dsn.notify', problem })
  }
  if (issues.length > 0) throw new InvalidJobError(issues)
  return {
    ...(notify !== undefined && { notify }),
    ...(back !== undefined && { return: RETURNS[back.toUpperCase()] }),
    ...(id !== undefined && { envelopeId: id }),
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** A text with commas, or an array of texts; undefined when that is no list of known events. */
function eventsOf(asked: unknown): DsnRequest['notify'] {
  const list: readonly unknown[] = Array.isArray(asked) ? asked : String(asked).split(',')
  const words = list.map((word) => String(word).trim().toLowerCase())
  if (words.length === 1 && words[0] === 'never') return 'never'
  const events = words.flatMap((word) => DSN_EVENTS.find((event) => event === word) ?? [])
  return events.length === words.length && events.length > 0 ? events : undefined
}
