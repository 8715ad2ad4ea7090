import * as z from 'zod'

import { domainOf } from '../smtp/address.ts'
import { toAsciiDomain } from '../smtp/address-syntax.ts'
import { parseServerName } from './server-name.ts'

const ANY_BELOW = '*.'

/** The domains of authors whose messages may go through a connection manager. */
export const fromDomainsSchema = z
  .array(
    z.string().transform((text, context) => {
      const isBelow = text.startsWith(ANY_BELOW)
      const domain = parseServerName(isBelow ? text.slice(ANY_BELOW.length) : text)
      if (domain !== undefined) return (isBelow ? ANY_BELOW : '') + plain(domain)
      context.addIssue({
        code: 'custom',
        message: 'expected a domain such as "example.com", or "*.example.com" for all below it',
      })
      return z.NEVER
    }),
  )
  .min(1)
  .readonly()

/** As addresses have it: without the dot at the end that host names may have. */
function plain(domain: string): string {
  return domain.replace(/\.$/, '').toLowerCase()
}

/** Whether a message of this author, or of this domain, may go; the null sender may everywhere. */
export function isFromAllowed(domains: readonly string[] | undefined, address: string): boolean {
  if (domains === undefined || address === '') return true
  const domain = toAsciiDomain(domainOf(address)).toLowerCase()
  return domains.some((allowed) =>
    allowed.startsWith(ANY_BELOW) ? domain.endsWith(allowed.slice(1)) : domain === allowed,
  )
}
