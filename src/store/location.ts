import path from 'node:path'

import { InvalidStoreLocationError } from './errors.ts'
import { describePostgresLocation, parsePostgresLocation } from './postgres-location.ts'
import type { PostgresLocation } from './postgres-location.ts'
import { describeRedisLocation, parseRedisLocation } from './redis-location.ts'
import type { RedisLocation } from './redis-location.ts'

/** Where a store is. It may hold a password: print `describeLocation` instead. */
export type StoreLocation =
  RedisLocation | PostgresLocation | { readonly kind: 'embedded'; readonly directory: string }

/** Reads a store's location as people write it. Throws `InvalidStoreLocationError`. */
export function parseLocation(text: string): StoreLocation {
  const trimmed = text.trim()
  if (trimmed.startsWith('embedded:')) return parseEmbedded(trimmed)
  if (/^rediss?(\+sentinel|\+cluster)?:\/\//i.test(trimmed)) return parseRedisLocation(trimmed)
  if (/^postgres(ql)?:\/\//i.test(trimmed)) return parsePostgresLocation(trimmed)
  throw new InvalidStoreLocationError(describeUnknown(trimmed))
}

/** A store's location without user, password and parameters, for messages and logs. */
export function describeLocation(location: StoreLocation): string {
  if (location.kind === 'embedded') return `embedded:${location.directory}`
  if (location.kind === 'redis') return describeRedisLocation(location)
  return describePostgresLocation(location)
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
