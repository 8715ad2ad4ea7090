import { InvalidConnectionUrlError } from './errors.ts'
import type { ConnectionUrlPart } from './errors.ts'
import { parseServerName } from './server-name.ts'
import { isProperties } from './unknown-properties.ts'
import type { UnknownProperties } from './unknown-properties.ts'

/** A part of the URL, and where it begins; in `masked`, references are underscores. */
interface Piece {
  readonly part: ConnectionUrlPart
  readonly text: string
  readonly masked: string
  readonly start: number
}

/** The query parameters, and the property that each one sets. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  tls: ['tls'],
  description: ['description'],
  from: ['from'],
  fromDomains: ['fromDomains'],
  redirectAll: ['redirectAll'],
  clientName: ['clientName'],
  uncertain: ['uncertain'],
  sessions: ['limits', 'sessions'],
  messagesPerSession: ['limits', 'messagesPerSession'],
  recipientsPerTransaction: ['limits', 'recipientsPerTransaction'],
  ca: ['tlsOptions', 'ca'],
  cert: ['tlsOptions', 'cert'],
  key: ['tlsOptions', 'key'],
  passphrase: ['tlsOptions', 'passphrase'],
  fingerprint: ['tlsOptions', 'fingerprint'],
  legacy: ['tlsOptions', 'legacy'],
  minVersion: ['tlsOptions', 'minVersion'],
  serverName: ['tlsOptions', 'serverName'],
  auth: ['auth', 'method'],
  mechanism: ['auth', 'mechanism'],
  allowInsecureAuth: ['auth', 'allowInsecureAuth'],
  keytab: ['auth', 'keytab'],
  spn: ['auth', 'spn'],
  spnego: ['auth', 'spnego'],
}

const REFERENCE = /\$\$\{|\$\{[^}]*\}/g
const AROUND_REFERENCES = /(\$\$\{|\$\{[^}]*\})/
const SHAPE = /^(\s*[A-Za-z][A-Za-z0-9+.-]*:\/\/)([^/?#]*)([^?#]*)(\?[^#]*)?(#[\s\S]*)?$/

/** Whether `text` begins as a URL does, of whatever scheme. */
export function isConnectionUrl(text: string): boolean {
  return /^\s*[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)
}

/**
 * Reads `smtp://user:password@server:port?tls=…` or `smtps://…` as properties.
 *
 * `smtp` means mandatory STARTTLS, on port 587, unless `?tls=` says otherwise; `smtps` means TLS from
 * the first byte, on port 465. Parts are percent-decoded; user and password may hold `${env:NAME}`
 * and `${file:path}` as they are. Throws `InvalidConnectionUrlError`, which repeats nothing of the
 * URL but its scheme: a password with a stray `/`, `?` or `#` in it may have ended up in any part.
 */
export function parseConnectionUrl(text: string): UnknownProperties {
  const pieces = piecesOf(text.trimEnd())
  const tls = parseScheme(pieces.scheme)
  refuseRest(pieces.path)
  refuseRest(pieces.fragment)
  const host = parseHost(pieces.host)
  const auth = pieces.userinfo && parseUserinfo(pieces.userinfo)
  const properties = parseQuery(pieces.query, { tls, ...host, ...(auth && { auth }) })
  if (tls === 'implicit' && properties['tls'] !== tls) {
    throw problem(
      pieces.query,
      'expected no other mode: smtps:// means TLS from the first byte; smtp:// takes ?tls=',
    )
  }
  return properties
}

function piecesOf(text: string) {
  const masked = text.replace(REFERENCE, (reference) => '_'.repeat(reference.length))
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] =
    SHAPE.exec(masked) ?? []
  const take = (part: ConnectionUrlPart, start: number, length: number): Piece => ({
    part,
    text: text.slice(start, start + length),
    masked: masked.slice(start, start + length),
    start,
  })
  const at = authority.lastIndexOf('@')
  const host = scheme.length + at + 1
  const end = scheme.length + authority.length
  return {
    scheme: take('scheme', 0, scheme.length),
    userinfo: at < 0 ? undefined : take('user', scheme.length, at),
    host: take('host', host, end - host),
    path: take('path', end, path.length),
    query: take('query', end + path.length, query.length),
    fragment: take('fragment', end + path.length + query.length, fragment.length),
  }
}

function parseScheme(piece: Piece): 'starttls' | 'implicit' {
  const scheme = piece.text.trim().toLowerCase()
  if (scheme === 'smtp://') return 'starttls'
  if (scheme === 'smtps://') return 'implicit'
  throw problem(piece, `expected smtp:// or smtps://, got ${JSON.stringify(scheme)}`)
}

function refuseRest(piece: Piece): void {
  if (piece.text === '' || piece.text === '/') return
  throw problem(
    piece,
    'expected nothing here; in a user or password write "/" as %2F, "?" as %3F, "#" as %23',
  )
}

function parseUserinfo(piece: Piece): UnknownProperties {
  const colon = piece.masked.indexOf(':')
  const user = colon < 0 ? piece : slice(piece, 'user', 0, colon)
  if (user.text === '') throw problem(user, 'expected a user before ":"')
  if (colon < 0 || colon + 1 === piece.text.length) {
    throw problem({ ...piece, part: 'password' }, 'expected user:password before "@"')
  }
  return {
    method: 'basic',
    user: decode(user),
    password: decode(slice(piece, 'password', colon + 1)),
  }
}

function parseHost(piece: Piece): UnknownProperties {
  const bracket = piece.masked.startsWith('[') ? piece.masked.indexOf(']') : 0
  const colon = piece.masked.indexOf(':', Math.max(bracket, 0))
  const host = colon < 0 ? piece : slice(piece, 'host', 0, colon)
  const server = parseServerName(decode(host))
  if (server === undefined) throw problem(host, 'expected a host name or IP address')
  if (colon < 0) return { server }
  const port = slice(piece, 'port', colon + 1)
  if (!/^\d{1,5}$/.test(port.text) || Number(port.text) < 1 || Number(port.text) > 65_535) {
    throw problem(port, 'expected a port from 1 to 65535')
  }
  return { server, port: Number(port.text) }
}

function parseQuery(query: Piece, base: UnknownProperties): UnknownProperties {
  const properties: Record<string, unknown> = { ...base }
  const seen = new Set<string>()
  let start = 1
  for (const pair of query.masked.slice(1).split('&')) {
    const piece = slice(query, 'query', start, start + pair.length)
    start += pair.length + 1
    if (pair === '') continue
    const [name = ''] = pair.split('=', 1)
    const path = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined
    if (!path || seen.has(name) || !pair.includes('=')) {
      const known = Object.keys(PARAMETERS).join(', ')
      throw problem(piece, `expected name=value, each once, of ${known}`)
    }
    seen.add(name)
    assign(properties, path, valueOf(path, decode(slice(piece, 'query', name.length + 1))))
  }
  return properties
}

/** Limits as numbers, permissions as booleans and lists by their commas; else the schema refuses it. */
function valueOf([group, property]: readonly string[], text: string): unknown {
  if (group === 'fromDomains' || property === 'fingerprint') return text.split(',')
  if (group === 'limits' && /^\d{1,15}$/.test(text)) return Number(text)
  const isPermission = group === 'auth' || property === 'legacy'
  if (isPermission && /^(?:true|false)$/.test(text)) return text === 'true'
  return text
}

function assign(
  properties: Record<string, unknown>,
  [key = '', ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) {
    properties[key] = value
    return
  }
  const outer = properties[key]
  const inner = isProperties(outer) ? { ...outer } : {}
  assign(inner, rest, value)
  properties[key] = inner
}

/** Percent-decodes `piece`, but not its references. */
function decode(piece: Piece): string {
  const parts = piece.text
    .split(AROUND_REFERENCES)
    .map((text, index) => (index % 2 === 1 ? text : decodeText(text, piece)))
  // Joined they would read as the escape `$${`, and the reference as a literal text.
  if (parts.some((text, index) => text.endsWith('$') && index < parts.length - 1)) {
    throw problem(piece, 'expected no "$" right before a reference; refer to the whole text')
  }
  return parts.join('')
}

/** A `${` that was percent-encoded is literal, so it is escaped for the properties. */
function decodeText(text: string, piece: Piece): string {
  try {
    return decodeURIComponent(text).replaceAll('${', () => '$${')
  } catch {
    throw problem(piece, 'expected "%" to begin a percent-encoded byte; write "%" itself as %25')
  }
}

function slice(
  piece: Piece,
  part: ConnectionUrlPart,
  from: number,
  to: number = piece.text.length,
): Piece {
  return {
    part,
    text: piece.text.slice(from, to),
    masked: piece.masked.slice(from, to),
    start: piece.start + from,
  }
}

function problem(piece: Piece, text: string): InvalidConnectionUrlError {
  return new InvalidConnectionUrlError(text, { part: piece.part, position: piece.start + 1 })
}
