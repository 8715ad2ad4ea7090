import path from 'node:path'

import { InvalidStoreLocationError } from './errors.ts'

/** Where a store is. `url` may hold a password: print `describeLocation` instead. */
export type StoreLocation =
  | { readonly kind: 'redis'; readonly url: URL; readonly database: number }
  | { readonly kind: 'postgres'; readonly url: URL }
  | { readonly kind: 'embedded'; readonly directory: string }

/** Reads a store's location as people write it. Throws `InvalidStoreLocationError`. */
export function parseLocation(text: string): StoreLocation {
  const trimmed = text.trim()
  if (trimmed.startsWith('embedded:')) return parseEmbedded(trimmed)
  const scheme = /^(rediss?|postgres(?:ql)?):\/\//i.exec(trimmed)?.[1]?.toLowerCase()
  if (scheme === undefined) throw new InvalidStoreLocationError(describeUnknown(trimmed))
  const url = URL.parse(trimmed)
  if (url === null || isCutInPassword(url)) {
    throw new InvalidStoreLocationError(
      `one that begins with "${scheme}://" and is no URL (special characters in a password must be percent-encoded)`,
    )
  }
  if (url.hostname === '') {
    throw new InvalidStoreLocationError(`"${scheme}://" without a host`)
  }
  return scheme.startsWith('redis') ? parseRedis(url) : { kind: 'postgres', url }
}

/** A store's location without user, password and parameters, for messages and logs. */
export function describeLocation(location: StoreLocation): string {
  if (location.kind === 'embedded') return `embedded:${location.directory}`
  const { url } = location
  return location.kind === 'redis'
    ? `${url.protocol}//${url.hostname}:${url.port || '6379'}/${location.database}`
    : `postgres://${url.hostname}:${url.port || '5432'}${url.pathname}`
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

function parseRedis(url: URL): StoreLocation {
  const database = url.pathname.replace(/^\//, '') || '0'
  if (!/^\d{1,4}$/.test(database)) {
    throw new InvalidStoreLocationError(
      `"${url.protocol}//${url.host}" with a database that is not a number`,
    )
  }
  return { kind: 'redis', url, database: Number(database) }
}

function describeUnknown(text: string): string {
  if (text === '') return 'an empty text'
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  return scheme === undefined
    ? `a text of ${text.length} characters without one of these schemes`
    : `one that begins with "${scheme}://"`
}
