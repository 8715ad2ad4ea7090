import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

const HOST = /^(?!-)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/
const PLAIN = /^[\x20-\x7e]*$/
const MAX_LENGTH = 253

/**
 * A host name or IP address as sockets want it, or `undefined` when `text` is neither.
 *
 * Brackets around an IPv6 address go; a name with letters beyond ASCII is written in Punycode.
 */
export function parseServerName(text: string): string | undefined {
  const server = text.trim().replace(/^\[(.*)\]$/, '$1')
  if (isIP(server) !== 0) return server
  const ascii = PLAIN.test(server) ? server : domainToASCII(server)
  return HOST.test(ascii) && ascii.length <= MAX_LENGTH ? ascii : undefined
}
