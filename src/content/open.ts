import { isAbsolute } from 'node:path'

import type { Store } from '../store/store.ts'
import { DEFAULT_GRACE_MS, type ContentStore } from './content.ts'
import { createDirectoryContent } from './directory.ts'
import { InvalidContentLocationError } from './errors.ts'
import { homeOf } from './home.ts'
import { createPostgresContent } from './postgres.ts'
import { createRedisContent } from './redis.ts'

export interface ContentOptions {
  /** `queue` (default) keeps content in the store of the queue, `directory:PATH` in files. */
  readonly store?: string
  /** Of one content, in bytes; 32 MiB in Redis, without limit elsewhere by default. */
  readonly maxBytes?: number
  /** Of all contents, in bytes; 1 GiB in Redis, without limit elsewhere by default. */
  readonly totalBytes?: number
  /** How long content is kept for a message that is not recorded; a day by default. */
  readonly graceMs?: number
}

/** Redis has everything in its memory. */
const REDIS_LIMITS = { maxBytes: 32 * 2 ** 20, totalBytes: 2 ** 30 }
const NO_LIMITS = { maxBytes: Infinity, totalBytes: Infinity }

/**
 * Opens the place for content beside a queue. The store of the queue stays its owner's.
 *
 * Throws `InvalidContentLocationError`.
 */
export function openContent(store: Store, options: ContentOptions = {}): ContentStore {
  const { store: location = 'queue', graceMs = DEFAULT_GRACE_MS } = options
  const { maxBytes, totalBytes } = options
  const set = {
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
    graceMs,
  }
  if (location !== 'queue') {
    const path = /^directory:(.+)$/s.exec(location)?.[1]
    if (path === undefined || !isAbsolute(path)) throw new InvalidContentLocationError(location)
    return createDirectoryContent(path, { ...NO_LIMITS, ...set }, homeOf(store))
  }
  return store.kind === 'redis'
    ? createRedisContent(store, { ...REDIS_LIMITS, ...set })
    : createPostgresContent(store, { ...NO_LIMITS, ...set })
}
