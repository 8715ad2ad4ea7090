import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'

/** What is wrong with an address, and at which character. The reason holds no part of it. */
export interface AddressProblem {
  readonly reason: string
  readonly position: number
}

/** RFC 5321 §4.5.3.1.1: octets before the at sign. */
const MAX_LOCAL_BYTES = 64
/** RFC 5321 §4.5.3.1.2. */
const MAX_DOMAIN_BYTES = 255
/** RFC 5321 §4.5.3.1.3 allows a path of 256 octets, of which the angle brackets take two. */
const MAX_ADDRESS_BYTES = 254

const PLAIN = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
/** RFC 6531 §3.3 lets an atom have all letters beyond ASCII; white space and controls are none. */
const DOT_ATOM =
  /^(?:[\w!#$%&'*+/=?^`{|}~-]|[^\p{ASCII}\p{Z}\p{Cc}\p{Cs}])+(?:\.(?:[\w!#$%&'*+/=?^`{|}~-]|[^\p{ASCII}\p{Z}\p{Cc}\p{Cs}])+)*$/u
const QUOTED = /^"(?:[^"\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|\\[ -~])*"$/u
const HOST_NAME = /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/i
const INTERNATIONAL = /^[\p{L}\p{M}\p{N}\p{Join_Control}·.-]+$/u

/** What is wrong with `address` as a mailbox in an envelope (RFC 5321 §4.1.2, RFC 6531 §3.3). */
export function findAddressProblem(address: string): AddressProblem | undefined {
  const at = address.lastIndexOf('@')
  if (at === -1) return { reason: 'expected an at sign', position: address.length }
  const local = address.slice(0, at)
  const domain = address.slice(at + 1)
  const reason = problemOfLocalPart(local)
  if (reason !== undefined) return { reason, position: 0 }
  const inDomain = problemOfDomain(domain)
  if (inDomain !== undefined) return { reason: inDomain, position: at + 1 }
  const bytes = Buffer.byteLength(local) + 1 + toAsciiDomain(domain).length
  if (bytes <= MAX_ADDRESS_BYTES) return undefined
  return { reason: `expected at most ${MAX_ADDRESS_BYTES} octets`, position: 0 }
}

/** A domain as DNS and ASCII envelopes have it (RFC 5891); address literals stay as they are. */
export function toAsciiDomain(domain: string): string {
  return isAscii(domain) ? domain : domainToASCII(domain)
}

/** Whether `text` has no character beyond ASCII. */
export function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text)
}

function problemOfLocalPart(local: string): string | undefined {
  if (local === '') return 'expected a local part before the at sign'
  if (Buffer.byteLength(local) > MAX_LOCAL_BYTES) {
    return `expected at most ${MAX_LOCAL_BYTES} octets before the at sign`
  }
  if (PLAIN.test(local)) return undefined
  if (local.startsWith('"')) return QUOTED.test(local) ? undefined : 'the quotation is malformed'
  if (local.includes('@')) return 'expected one at sign'
  if (/^\.|\.\.|\.$/.test(local)) return 'a dot has to stand between two other characters'
  return DOT_ATOM.test(local)
    ? undefined
    : 'the local part has a character that needs quotes, or that no address may hold'
}

function problemOfDomain(domain: string): string | undefined {
  if (domain === '') return 'expected a domain after the at sign'
  if (domain.startsWith('[')) {
    return isLiteral(domain) ? undefined : 'expected an address literal such as [192.0.2.1]'
  }
  const tooLong = `expected a domain of at most ${MAX_DOMAIN_BYTES} octets`
  if (domain.length > MAX_DOMAIN_BYTES) return tooLong
  const ascii = HOST_NAME.test(domain) ? domain : asciiOfInternational(domain)
  if (ascii === undefined) return 'the domain is malformed'
  if (ascii.length > MAX_DOMAIN_BYTES) return tooLong
  const labels = ascii.split('.')
  if (labels.some((label) => label.length > 63)) return 'expected labels of at most 63 octets'
  if (/^\d+$/.test(labels.at(-1) ?? '')) return 'an IP address has to stand in square brackets'
  return undefined
}

/** Only letters, digits and hyphens reach the URL parser, which would also decode percent signs. */
function asciiOfInternational(domain: string): string | undefined {
  if (!INTERNATIONAL.test(domain)) return undefined
  const ascii = toAsciiDomain(domain)
  return HOST_NAME.test(ascii) ? ascii : undefined
}

function isLiteral(domain: string): boolean {
  const [, v6, address = ''] = /^\[(IPv6:)?([^\]%]+)\]$/i.exec(domain) ?? []
  return v6 === undefined ? isIPv4(address) : isIPv6(address)
}
