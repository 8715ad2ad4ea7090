import { InvalidStoreLocationError } from './errors.ts'
import { checkParameters } from './location-parameters.ts'
import { parseTlsParameters, TLS_PARAMETERS } from './tls-parameters.ts'
import type { TlsParameters } from './tls-parameters.ts'

export interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface RedisCredentials {
  readonly username?: string
  readonly password?: string
}

/** One server, some of those that share the keys, or those that know the master of a name. */
export type RedisTopology =
  | { readonly kind: 'server'; readonly node: RedisNode }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] }
  | {
      readonly kind: 'sentinel'
      readonly sentinels: readonly RedisNode[]
      /** What the sentinels call the master. */
      readonly master: string
      /** For the sentinels themselves. */
      readonly credentials: RedisCredentials
    }

/** Where a Redis is. Holds a password: print `describeRedisLocation` instead. */
export interface RedisLocation {
  readonly kind: 'redis'
  readonly topology: RedisTopology
  readonly credentials: RedisCredentials
  readonly database: number
  readonly tls: TlsParameters
}

const FOR_SENTINELS = [...TLS_PARAMETERS, 'sentinelUsername', 'sentinelPassword'] as const

const SHAPE =
  /^(?<scheme>rediss?(?:\+sentinel|\+cluster)?):\/\/(?:(?<user>[^@/?#]*)@)?(?<hosts>[^@/?#]*)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/i
const HOST = /^(?<host>\[[\da-f:.]+\]|[^\s:[\]]+)(?::(?<port>\d{1,5}))?$/i

/**
 * Reads `redis://`, `rediss://` and both with `+sentinel` or `+cluster`, which may name several hosts.
 * Throws `InvalidStoreLocationError`.
 */
export function parseRedisLocation(text: string): RedisLocation {
  const { scheme = '', user = '', hosts = '', path = '', query = '' } = shapeOf(text)
  const [protocol = '', kind = 'server'] = scheme.toLowerCase().split('+')
  const parameters = new URLSearchParams(query)
  checkParameters(parameters, scheme, kind === 'sentinel' ? FOR_SENTINELS : TLS_PARAMETERS)
  if (hosts === '' && user === '') {
    throw new InvalidStoreLocationError(`"${scheme}://" without a host`)
  }
  const nodes = hosts.split(',').map((host) => parseNode(host, kind, scheme))
  const [first] = nodes
  if (first === undefined || (kind === 'server' && nodes.length > 1)) {
    throw new InvalidStoreLocationError(
      `"${scheme}://" with several hosts, which only "+sentinel" and "+cluster" have`,
    )
  }
  const steps = path.split('/').filter((step) => step !== '')
  const master = kind === 'sentinel' ? decode(steps.shift() ?? '') : ''
  if (kind === 'sentinel' && master === '') {
    throw new InvalidStoreLocationError(`"${scheme}://" without the name of the master as its path`)
  }
  const database = parseDatabase(steps, `${scheme}://${hosts}`)
  if (kind === 'cluster' && database !== 0) {
    throw new InvalidStoreLocationError(`"${scheme}://" with a database, and a cluster has none`)
  }
  return {
    kind: 'redis',
    topology: topologyOf(kind, nodes, first, master, parameters),
    credentials: parseUser(user),
    database,
    tls: parseTls(parameters, protocol),
  }
}

function topologyOf(
  kind: string,
  nodes: readonly RedisNode[],
  node: RedisNode,
  master: string,
  parameters: URLSearchParams,
): RedisTopology {
  if (kind === 'cluster') return { kind, nodes }
  if (kind !== 'sentinel') return { kind: 'server', node }
  return { kind, sentinels: nodes, master, credentials: sentinelCredentials(parameters) }
}

/** The location without user, password and parameters. */
export function describeRedisLocation({ topology, database, tls }: RedisLocation): string {
  const protocol = tls.mode === 'none' ? 'redis' : 'rediss'
  if (topology.kind === 'server') return `${protocol}://${printNode(topology.node)}/${database}`
  if (topology.kind === 'cluster') {
    return `${protocol}+cluster://${topology.nodes.map(printNode).join(',')}`
  }
  const hosts = topology.sentinels.map(printNode).join(',')
  return `${protocol}+sentinel://${hosts}/${encodeURIComponent(topology.master)}/${database}`
}

function shapeOf(text: string): Readonly<Record<string, string | undefined>> {
  const groups = SHAPE.exec(text)?.groups
  // With a bare "/", "?" or "#" in it, a part of the password would be taken for host and port.
  if (groups !== undefined && !`${groups['path'] ?? ''}${groups['query'] ?? ''}`.includes('@')) {
    return groups
  }
  throw noUrl(/^[a-z+]+/i.exec(text)?.[0] ?? '')
}

function noUrl(scheme: string): InvalidStoreLocationError {
  return new InvalidStoreLocationError(
    `one that begins with "${scheme}://" and is no URL (special characters in a password must be percent-encoded)`,
  )
}

function parseNode(text: string, kind: string, scheme: string): RedisNode {
  const { host = '', port } = HOST.exec(text)?.groups ?? {}
  const number = Number(port ?? (kind === 'sentinel' ? 26_379 : 6379))
  if (host === '' || number > 65_535) throw noUrl(scheme)
  return { host: host.replaceAll(/^\[|\]$/g, ''), port: number }
}

function printNode({ host, port }: RedisNode): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function parseDatabase(steps: readonly string[], at: string): number {
  const [database = '0', ...rest] = steps
  if (!/^\d{1,4}$/.test(database) || rest.length > 0) {
    throw new InvalidStoreLocationError(`"${at}" with a database that is not a number`)
  }
  return Number(database)
}

function parseUser(user: string): RedisCredentials {
  const at = user.indexOf(':')
  const username = decode(at === -1 ? user : user.slice(0, at))
  const password = decode(at === -1 ? '' : user.slice(at + 1))
  return { ...(username !== '' && { username }), ...(password !== '' && { password }) }
}

function sentinelCredentials(parameters: URLSearchParams): RedisCredentials {
  const username = parameters.get('sentinelUsername') ?? ''
  const password = parameters.get('sentinelPassword') ?? ''
  return { ...(username !== '' && { username }), ...(password !== '' && { password }) }
}

function parseTls(parameters: URLSearchParams, protocol: string): TlsParameters {
  const isSecure = protocol === 'rediss'
  const mode = parameters.get('sslmode') ?? ''
  if (!['', ...(isSecure ? ['verify-ca', 'verify-full'] : [])].includes(mode)) {
    throw new InvalidStoreLocationError(
      isSecure
        ? '"rediss://" whose "sslmode" is neither verify-ca nor verify-full'
        : '"redis://" with "sslmode": TLS is spoken by "rediss://"',
    )
  }
  return parseTlsParameters(parameters, isSecure ? 'verify-full' : 'none')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new InvalidStoreLocationError('one with a "%" that encodes nothing')
  }
}
