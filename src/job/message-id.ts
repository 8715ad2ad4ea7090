import { domainOf, toEnvelopeAddress } from '../smtp/address.ts'
import { isAscii, toAsciiDomain } from '../smtp/address-syntax.ts'

/** Stands in a Message-ID when nobody's domain is known yet; no host has it (RFC 2606). */
const UNKNOWN_DOMAIN = 'mailroom.invalid'

/**
 * The Message-ID header of a job, with angle brackets (RFC 5322 §3.6.4).
 *
 * It follows from the id and the author's address alone, so that every attempt, and a message that
 * is asked for twice, has the same one.
 */
export function messageIdOf(jobId: string, from: string | undefined): string {
  return `<${jobId}@${domainFor(from)}>`
}

function domainFor(from: string | undefined): string {
  if (from === undefined) return UNKNOWN_DOMAIN
  const domain = toAsciiDomain(domainOf(toEnvelopeAddress({ address: from })))
  return isAscii(domain) && /^[\w.-]+$/.test(domain) ? domain.toLowerCase() : UNKNOWN_DOMAIN
}
