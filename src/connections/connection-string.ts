import { InvalidConnectionStringError } from './errors.ts'
import { parseServerName } from './server-name.ts'

/** What a connection string of SSIS says, as written; absent keys are absent. */
export interface SsisConnectionString {
  /** Empty when written as `SmtpServer=;`, as SSIS does before somebody fills it in. */
  readonly smtpServer?: string
  readonly useWindowsAuthentication?: boolean
  readonly enableSsl?: boolean
  /** Milliseconds; 0 means the default. */
  readonly timeoutMs?: number
}

interface Pair {
  readonly key: string
  readonly value: string
  readonly keyPosition: number
  readonly valuePosition: number
}

const KEYS = ['SmtpServer', 'UseWindowsAuthentication', 'EnableSsl', 'Timeout'] as const

/** .NET keeps it in a signed number of 32 bits. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/**
 * Reads a connection string as SSIS writes it:
 * `SmtpServer=relay;UseWindowsAuthentication=False;EnableSsl=True;Timeout=2000;`.
 *
 * Keys come in any case and order, the last `;` may be missing, spaces around keys and values and
 * quotes around values go. Throws `InvalidConnectionStringError` for anything else.
 */
export function parseConnectionString(text: string): SsisConnectionString {
  const found: { -readonly [Key in keyof SsisConnectionString]: SsisConnectionString[Key] } = {}
  const seen = new Set<string>()
  for (const pair of pairsOf(text)) {
    const key = keyOf(pair)
    if (seen.has(key)) throw keyError(pair, `"${key}" is given twice: give it once`)
    seen.add(key)
    switch (key) {
      case 'SmtpServer':
        found.smtpServer = parseServer(pair)
        break
      case 'UseWindowsAuthentication':
        found.useWindowsAuthentication = parseBoolean(pair)
        break
      case 'EnableSsl':
        found.enableSsl = parseBoolean(pair)
        break
      case 'Timeout':
        found.timeoutMs = parseTimeout(pair)
        break
    }
  }
  return found
}

function* pairsOf(text: string): Generator<Pair> {
  let start = 0
  for (const segment of text.split(';')) {
    if (segment.trim() !== '') yield pairOf(segment, start)
    start += segment.length + 1
  }
}

function pairOf(segment: string, start: number): Pair {
  const keyPosition = start + leadingSpaces(segment) + 1
  const equals = segment.indexOf('=')
  if (equals < 1 || segment.slice(0, equals).trim() === '') {
    throw new InvalidConnectionStringError('expected Key=Value', { position: keyPosition })
  }
  const written = segment.slice(equals + 1)
  return {
    key: segment.slice(0, equals).trim(),
    value: written
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2')
      .trim(),
    keyPosition,
    valuePosition: start + equals + 1 + leadingSpaces(written) + 1,
  }
}

function leadingSpaces(text: string): number {
  return text.length - text.trimStart().length
}

function keyOf(pair: Pair): (typeof KEYS)[number] {
  const key = KEYS.find((name) => name.toLowerCase() === pair.key.toLowerCase())
  if (key !== undefined) return key
  throw keyError(
    pair,
    `${harmlessKey(pair.key)} is no key of an SMTP connection string (they are ${KEYS.join(', ')}); ` +
      'give a port, a user or a password as properties or by a URL',
  )
}

function parseServer(pair: Pair): string {
  if (pair.value === '') return ''
  const server = parseServerName(pair.value)
  if (server !== undefined) return server
  const port = /^[A-Za-z0-9._-]+:\d{1,5}$/.test(pair.value)
  throw valueError(
    pair,
    port
      ? `"${pair.key}" expects a host name without port, got "${shorten(pair.value)}": give the port as \`port\``
      : `"${pair.key}" expects a host name or IP address, got ${harmless(pair.value)}`,
  )
}

function parseBoolean(pair: Pair): boolean {
  const value = pair.value.toLowerCase()
  if (value === 'true' || value === 'false') return value === 'true'
  throw valueError(pair, `"${pair.key}" expects True or False, got ${harmless(pair.value)}`)
}

function parseTimeout(pair: Pair): number {
  const timeoutMs = /^\d+$/.test(pair.value) ? Number(pair.value) : Number.NaN
  if (timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs
  throw valueError(
    pair,
    `"${pair.key}" expects milliseconds from 0 to ${MAX_TIMEOUT_MS}, got ${harmless(pair.value)}`,
  )
}

function keyError({ key, keyPosition }: Pair, problem: string): InvalidConnectionStringError {
  return new InvalidConnectionStringError(problem, {
    ...(isWords(key) && { key: shorten(key) }),
    position: keyPosition,
  })
}

function valueError({ key, valuePosition }: Pair, problem: string): InvalidConnectionStringError {
  return new InvalidConnectionStringError(problem, { key, position: valuePosition })
}

/** The value in quotes when it is a plain word; anything else may be a password that went astray. */
function harmless(value: string): string {
  if (value === '') return 'nothing'
  return /^[A-Za-z0-9. _-]{1,16}$/.test(value)
    ? `"${value}"`
    : `another text of ${value.length} characters`
}

/** A key in quotes when it is made of words; a URL that lost a slash has its password before "=". */
function harmlessKey(key: string): string {
  return isWords(key) ? `"${shorten(key)}"` : `another text of ${key.length} characters`
}

function isWords(key: string): boolean {
  return /^[A-Za-z][A-Za-z _-]*$/.test(key)
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
