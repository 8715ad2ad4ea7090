import { findAddressProblem, isAscii, toAsciiDomain } from './address-syntax.ts'
import { cutMailboxes, type MailboxParts, type MalformedEntry } from './mailbox-text.ts'

/** Who sends or gets mail: an address, and perhaps a name for people. */
export interface Mailbox {
  readonly name?: string
  /** As it was written, with letters beyond ASCII if it has them; `toEnvelopeAddress` encodes it. */
  readonly address: string
}

/** Why a text is no mailbox. The reason holds no part of the text; positions count from 0. */
export interface InvalidMailbox {
  readonly kind: 'invalid'
  readonly reason: string
  readonly position: number
}

export type ParsedMailbox = { readonly kind: 'mailbox'; readonly mailbox: Mailbox } | InvalidMailbox

/** All mailboxes of a list, or all that is wrong with it: at least one problem. */
export type ParsedMailboxList =
  | { readonly kind: 'mailboxes'; readonly mailboxes: readonly Mailbox[] }
  | { readonly kind: 'invalid'; readonly problems: readonly InvalidMailbox[] }

/** Without these characters a text is an address, or nothing. */
const BARE = /^[^\s"(),:;<>[\]\\\p{Cc}\p{Cs}]+$/u

/** Reads one mailbox: `bob@example.com`, `Bob <bob@example.com>` or `"Bob, Jr." <bob@example.com>`. */
export function parseMailbox(text: string): ParsedMailbox {
  if (BARE.test(text)) return toMailbox({ name: '', address: text, position: 0 })
  const [first, second] = cutMailboxes(text)
  if (first === undefined) return invalid('expected an address', 0)
  if (second !== undefined && !('reason' in first))
    return invalid('expected one mailbox', second.position)
  return toMailbox(first)
}

/** Reads mailboxes separated by `,` or `;`; a text without any is an empty list. */
export function parseMailboxList(text: string): ParsedMailboxList {
  const mailboxes: Mailbox[] = []
  const problems: InvalidMailbox[] = []
  for (const entry of cutMailboxes(text)) {
    const parsed = toMailbox(entry)
    if (parsed.kind === 'mailbox') mailboxes.push(parsed.mailbox)
    else problems.push(parsed)
  }
  return problems.length === 0 ? { kind: 'mailboxes', mailboxes } : { kind: 'invalid', problems }
}

/** A mailbox as `parseMailbox` reads it; the name is quoted where it needs to be. */
export function formatMailbox({ name, address }: Mailbox): string {
  if (name === undefined || name === '') return address
  const isPhrase = /^[\p{L}\p{M}\p{N}'_-]+(?: [\p{L}\p{M}\p{N}'_-]+)*$/u.test(name)
  const phrase = isPhrase ? name : `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  return `${phrase} <${address}>`
}

/** What follows the last at sign. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

/**
 * The address as the envelope has it: an international domain in ASCII (RFC 5891), so that only
 * a local part beyond ASCII needs a server with SMTPUTF8.
 */
export function toEnvelopeAddress({ address }: Mailbox): string {
  if (isAscii(address)) return address
  const local = address.slice(0, address.lastIndexOf('@'))
  return isAscii(local) ? `${local}@${toAsciiDomain(domainOf(address))}` : address
}

function toMailbox(entry: MailboxParts | MalformedEntry): ParsedMailbox {
  if ('reason' in entry) return invalid(entry.reason, entry.position)
  const { name, address, position } = entry
  const problem = findAddressProblem(address)
  if (problem) return invalid(problem.reason, position + problem.position)
  return { kind: 'mailbox', mailbox: name === '' ? { address } : { name, address } }
}

function invalid(reason: string, position: number): InvalidMailbox {
  return { kind: 'invalid', reason, position }
}
