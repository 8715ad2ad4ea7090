import { toEnvelopeAddress, type Mailbox } from '../../smtp/address.ts'
import { encodePhrase } from './header.ts'

/** Without these characters an address needs no angle brackets. */
const PLAIN_ADDRESS = /^[^\s"(),:;<>[\\\]]+$/

/** Mailboxes as a header's value (RFC 5322 §3.4); domains in ASCII where the address allows it. */
export function encodeMailboxes(mailboxes: readonly Mailbox[]): string {
  return mailboxes.map(encodeMailbox).join(', ')
}

function encodeMailbox(mailbox: Mailbox): string {
  const address = toEnvelopeAddress(mailbox)
  const { name } = mailbox
  if (name !== undefined && name !== '') return `${encodePhrase(name)} <${address}>`
  return PLAIN_ADDRESS.test(address) ? address : `<${address}>`
}
