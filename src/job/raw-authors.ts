import { domainOf, parseMailboxList } from '../smtp/address.ts'
import { toAsciiDomain } from '../smtp/address-syntax.ts'

/** The most domains of authors that are kept of one message. */
export const MAX_AUTHOR_DOMAINS = 20

/**
 * The domains of all authors of a raw message: of every mailbox in every From header. Undefined when
 * there is none, one of them cannot be read, or they are too many: then nobody knows whose it is.
 *
 * `header` is the header block, unfolded.
 */
export function findAuthorDomains(header: string): readonly string[] | undefined {
  const domains = new Set<string>()
  for (const [, value = ''] of header.matchAll(/^from[ \t]*:(.*)$/gim)) {
    const list = parseMailboxList(value.trim())
    if (list.kind === 'invalid' || list.mailboxes.length === 0) return undefined
    for (const { address } of list.mailboxes) {
      domains.add(toAsciiDomain(domainOf(address)).toLowerCase())
    }
  }
  return domains.size === 0 || domains.size > MAX_AUTHOR_DOMAINS ? undefined : [...domains]
}
