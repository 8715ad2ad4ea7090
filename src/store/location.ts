import path from 'node:path'

import { InvalidStoreLocationError } from './errors.ts'
import { describeRedisLocation, parseRedisLocation } from './redis-location.ts'
import type { RedisLocation } from './redis-location.ts'
import { parseTlsParameters, TLS_PARAMETERS } from './tls-parameters.ts'
import type { TlsParameters } from './tls-parameters.ts'

/** Where a store is. It may hold a password: print `describeLocation` instead. */
export type StoreLocation =
  | RedisLocation
  | {
      readonly kind: 'postgres'
      /** Without the parameters that are about TLS. */
      readonly url: URL
      readonly tls: TlsParameters
    }
  | { readonly kind: 'embedded'; readonly directory: string }

/** Reads a store's location as people write it. Throws `InvalidStoreLocationError`. */
export function parseLocation(text: string): StoreLocation {
  const trimmed = text.trim()
  if (trimmed.startsWith('embedded:')) return parseEmbedded(trimmed)
  if (/^rediss?(\+sentinel)?:\/\//i.test(trimmed)) return parseRedisLocation(trimmed)
  if (/^postgres(ql)?:\/\//i.test(trimmed)) return parsePostgres(trimmed)
  throw new InvalidStoreLocationError(describeUnknown(trimmed))
}

/** A store's location without user, password and parameters, for messages and logs. */
export function describeLocation(location: StoreLocation): string {
  if (location.kind === 'embedded') return `embedded:${location.directory}`
  if (location.kind === 'redis') return describeRedisLocation(location)
  const { url } = location
  return `postgres://${url.hostname}:${url.port || '5432'}${url.pathname}`
}

function parsePostgres(text: string): StoreLocation {
  const url = URL.parse(text)
  if (url === null || isCutInPassword(url)) {
    throw new InvalidStoreLocationError(
      'one that begins with "postgres://" and is no URL (special characters in a password must be percent-encoded)',
    )
  }
  if (url.hostname === '') throw new InvalidStoreLocationError('"postgres://" without a host')
  const tls = parseTlsParameters(url.searchParams, 'none')
  for (const name of TLS_PARAMETERS) url.searchParams.delete(name)
  return { kind: 'postgres', url, tls }
}

/** With a bare `/`, `?` or `#` in it, a part of the password would be taken for host and port. */
function isCutInPassword({ pathname, search, hash }: URL): boolean {
  return hash !== '' || `${pathname}${search}`.includes('@')
}

function parseEmbedded(text: string): StoreLocation {
  const directory = text.slice('embedded:'.length)
  if (directory === '') throw new InvalidStoreLocationError('"embedded:" without a directory')
  return { kind: 'embedded', directory: path.resolve(directory) }
}

function describeUnknown(text: string): string {
  if (text === '') return 'an empty text'
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  return scheme === undefined
    ? `a text of ${text.length} characters without one of these schemes`
    : `one that begins with "${scheme}://"`
}
