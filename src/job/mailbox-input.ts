import * as z from 'zod'

import {
  parseMailbox,
  parseMailboxList,
  type InvalidMailbox,
  type Mailbox,
} from '../smtp/address.ts'
import { findAddressProblem } from '../smtp/address-syntax.ts'
import { kindOf } from './job-issue.ts'
import { MAX_NAME_LENGTH } from './limits.ts'
import { isOneLine } from './text.ts'

/** One mailbox: `bob@example.com`, `"Bob, Jr." <bob@example.com>`, or its name and address apart. */
export type MailboxInput = string | { readonly name?: string | undefined; readonly address: string }

/** Mailboxes: a text with `,` or `;` between them, one mailbox, or an array with one per entry. */
export type MailboxesInput = MailboxInput | readonly MailboxInput[]

type Complain = (problem: string, path: readonly PropertyKey[]) => void

/** One mailbox. */
export const mailboxInputSchema = z.custom<MailboxInput>().transform((input, context): Mailbox => {
  return readMailbox(input, [], complaints(context)) ?? z.NEVER
})

/** One mailbox, or an empty text for the null sender, whose address is empty (RFC 5321 §4.5.5). */
export const reversePathInputSchema = z
  .custom<MailboxInput>()
  .transform((input, context): Mailbox => {
    if (input === '') return { address: '' }
    return readMailbox(input, [], complaints(context)) ?? z.NEVER
  })

/** Any number of mailboxes; an empty text has none. */
export const mailboxesInputSchema = z
  .custom<MailboxesInput>()
  .transform((input: unknown, context): readonly Mailbox[] => {
    const complain = complaints(context)
    if (typeof input === 'string') return readList(input, complain) ?? z.NEVER
    const entries: readonly unknown[] = Array.isArray(input) ? input : [input]
    const mailboxes = entries
      .map((entry, index) => readMailbox(entry, Array.isArray(input) ? [index] : [], complain))
      .filter((mailbox) => mailbox !== undefined)
    return mailboxes.length === entries.length ? mailboxes : z.NEVER
  })

function complaints(context: z.RefinementCtx): Complain {
  return (message, path) => context.addIssue({ code: 'custom', message, path: [...path] })
}

function readList(text: string, complain: Complain): readonly Mailbox[] | undefined {
  const parsed = parseMailboxList(text)
  const problems =
    parsed.kind === 'mailboxes'
      ? parsed.mailboxes.map(({ name = '' }) => findNameProblem(name))
      : parsed.problems.map(describe)
  const found = problems.filter((problem) => problem !== undefined)
  for (const problem of found) complain(problem, [])
  return parsed.kind === 'mailboxes' && found.length === 0 ? parsed.mailboxes : undefined
}

function readMailbox(
  input: unknown,
  path: readonly PropertyKey[],
  complain: Complain,
): Mailbox | undefined {
  if (typeof input === 'string') {
    const parsed = parseMailbox(input)
    const problem =
      parsed.kind === 'mailbox' ? findNameProblem(parsed.mailbox.name ?? '') : describe(parsed)
    if (problem !== undefined) complain(problem, path)
    return parsed.kind === 'mailbox' && problem === undefined ? parsed.mailbox : undefined
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    complain(`expected a mailbox as text or { name, address }, got ${kindOf(input)}`, path)
    return undefined
  }
  return readParts(input, path, complain)
}

function readParts(
  input: object,
  path: readonly PropertyKey[],
  complain: Complain,
): Mailbox | undefined {
  const { name, address, ...others }: Readonly<Record<string, unknown>> = { ...input }
  let isGood = true
  const refuse = (problem: string, key: string): void => {
    isGood = false
    complain(problem, [...path, key])
  }
  for (const key of Object.keys(others)) refuse('there is no such property', key)
  if (name !== undefined && typeof name !== 'string') {
    refuse(`expected string, got ${kindOf(name)}`, 'name')
  } else if (name !== undefined) {
    const problem = findNameProblem(name)
    if (problem !== undefined) refuse(problem, 'name')
  }
  if (typeof address === 'string') {
    const problem = findAddressProblem(address)
    if (problem) refuse(describe(problem), 'address')
    const trimmed = typeof name === 'string' ? name.trim() : ''
    if (isGood) return trimmed === '' ? { address } : { name: trimmed, address }
  } else {
    refuse(`expected string, got ${kindOf(address)}`, 'address')
  }
  return undefined
}

function findNameProblem(name: string): string | undefined {
  if (!isOneLine(name)) return 'expected no line breaks, control characters or broken Unicode'
  return name.length > MAX_NAME_LENGTH
    ? `expected a name of at most ${MAX_NAME_LENGTH} characters`
    : undefined
}

function describe({ reason, position }: Pick<InvalidMailbox, 'reason' | 'position'>): string {
  return `${reason}, at character ${position + 1}`
}
