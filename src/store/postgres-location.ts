import { InvalidStoreLocationError } from './errors.ts'
import { checkParameters } from './location-parameters.ts'
import { parseTlsParameters, TLS_PARAMETERS } from './tls-parameters.ts'
import type { TlsParameters } from './tls-parameters.ts'

/** Where a Postgres is. Holds a password: print `describePostgresLocation` instead. */
export interface PostgresLocation {
  readonly kind: 'postgres'
  /** A name, an address, or the folder of a socket. */
  readonly host: string
  readonly port: number
  /** Empty for the one who runs the process. */
  readonly user: string
  readonly password: string
  /** Empty for the one that is called like the user. */
  readonly database: string
  /** For the server, as on its command line. */
  readonly options: string
  /** What the server calls our connections; empty for "mailroom". */
  readonly applicationName: string
  readonly tls: TlsParameters
}

/** What a location may say after its `?`; everything else is refused. */
const PARAMETERS = [...TLS_PARAMETERS, 'user', 'password', 'options', 'application_name'] as const

const DEFAULT_PORT = 5432

/** Reads `postgres://` and `postgresql://`. Throws `InvalidStoreLocationError`. */
export function parsePostgresLocation(text: string): PostgresLocation {
  const url = URL.parse(text)
  if (url === null || isCutInPassword(url)) {
    throw new InvalidStoreLocationError(
      'one that begins with "postgres://" and is no URL (special characters in a password must be percent-encoded)',
    )
  }
  const { searchParams: parameters } = url
  checkParameters(parameters, 'postgres', PARAMETERS)
  return {
    kind: 'postgres',
    host: parseHost(url.hostname),
    port: parsePort(url.port),
    user: oneOf('user', url.username, parameters),
    password: oneOf('password', url.password, parameters),
    database: decode(url.pathname.slice(1)),
    options: parameters.get('options') ?? '',
    applicationName: parameters.get('application_name') ?? '',
    tls: parseTlsParameters(parameters, 'none'),
  }
}

/** The location without user, password and parameters. */
export function describePostgresLocation({ host, port, database }: PostgresLocation): string {
  const printed = host.includes(':') ? `[${host}]` : encodeURIComponent(host)
  return `postgres://${printed}:${port}${database === '' ? '' : `/${encodeURIComponent(database)}`}`
}

/** With a bare `/`, `?` or `#` in it, a part of the password would be taken for host and port. */
function isCutInPassword({ pathname, search, hash }: URL): boolean {
  return hash !== '' || `${pathname}${search}`.includes('@')
}

function parseHost(text: string): string {
  if (text === '') throw new InvalidStoreLocationError('"postgres://" without a host')
  if (text.includes(',')) {
    throw new InvalidStoreLocationError('"postgres://" with several hosts, which it cannot have')
  }
  return decode(text).replaceAll(/^\[|\]$/g, '')
}

function parsePort(text: string): number {
  const port = text === '' ? DEFAULT_PORT : Number(text)
  if (port === 0) throw new InvalidStoreLocationError('"postgres://" with the port 0')
  return port
}

/** Half of a login before the host and the other half behind it is fine, twice the same is not. */
function oneOf(name: 'user' | 'password', before: string, parameters: URLSearchParams): string {
  const behind = parameters.get(name) ?? ''
  if (before !== '' && behind !== '') {
    throw new InvalidStoreLocationError(`"postgres://" with two things for "${name}"`)
  }
  return before === '' ? behind : decode(before)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new InvalidStoreLocationError('one with a "%" that encodes nothing')
  }
}
