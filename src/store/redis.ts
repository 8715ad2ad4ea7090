import { once } from 'node:events'

import type { Redis } from 'ioredis'

import {
  NoticeTooLongError,
  StoreTooOldError,
  StoreUnreachableError,
  UnsafeStoreError,
} from './errors.ts'
import { inOneSlot, isCluster, serversOf } from './redis-cluster.ts'
import { createRedisClient, translateRedisError } from './redis-client.ts'
import type { RedisLocation } from './redis-location.ts'
import { redisOptionsOf } from './redis-options.ts'
import { judgeRedisSafety } from './redis-safety.ts'
import { subscribeRedis } from './redis-subscriptions.ts'
import type { RedisStore, StorePatience } from './store.ts'
import { readTlsOptions } from './tls-parameters.ts'

export interface RedisStoreOptions {
  readonly at: RedisLocation
  /** Safe for printing. */
  readonly location: string
  readonly patience: StorePatience
  readonly prefix: string
  /** Lets a worker use a Redis that may lose mail. */
  readonly allowUnsafe: boolean
  readonly signal: AbortSignal | undefined
  readonly onError: (error: unknown) => void
  readonly onWarning: (text: string) => void
}

/** The same limit as on Postgres, so that what works on one store works on the other. */
const MAX_NOTICE_BYTES = 7500
const PING_TIMEOUT_MS = 3000
const FIRST_CONNECT_MS = 3000
const OLDEST_REDIS = [6, 2] as const

/**
 * Opens a store on Redis. A patient one waits until the server answers and refuses one that may
 * lose mail (`UnsafeStoreError`); a hasty one waits three seconds at most and warns.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const { at, location, patience, prefix: spreadPrefix } = options
  const prefix = at.topology.kind === 'cluster' ? inOneSlot(spreadPrefix) : spreadPrefix
  const tls = await readTlsOptions(at.tls, location)
  const { client, atTurnsEnd, end, lastRefusal } = createRedisClient(
    at.topology,
    redisOptionsOf(at, patience, tls),
    location,
  )
  const closing = new AbortController()
  reportOutages(client, location, closing.signal, options.onError, lastRefusal)
  try {
    await connect(client, options)
  } catch (error) {
    closing.abort()
    end()
    throw error
  }
  const subscriptions = subscribeRedis(client, location, patience, (connection) =>
    reportOutages(connection, location, closing.signal, options.onError),
  )
  let closed: Promise<void> | undefined
  async function closeAll(): Promise<void> {
    closing.abort()
    subscriptions.close()
    await settle(client)
    end()
  }
  const close = (): Promise<void> => (closed ??= closeAll())
  return {
    kind: 'redis',
    client,
    atTurnsEnd,
    prefix,
    spreadPrefix,
    servers: () => serversOf(client),
    location,
    patience,
    nowMs: () => nowMs(client, prefix),
    atomically: (work) => work(),
    async publish(channel, text) {
      const bytes = Buffer.byteLength(text)
      if (bytes > MAX_NOTICE_BYTES) throw new NoticeTooLongError(channel, bytes, MAX_NOTICE_BYTES)
      await client.publish(`${prefix}:${channel}`, text)
    },
    subscribe: (channel, listener) => subscriptions.add(`${prefix}:${channel}`, listener),
    ping: () => ping(client, location),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Tells of every outage once. A connection that ends without a fault is an outage as well. */
function reportOutages(
  client: Redis,
  location: string,
  closing: AbortSignal,
  onError: (error: unknown) => void,
  lastRefusal: () => Error | undefined = () => undefined,
): void {
  let isReported = false
  const report = (why: Error): void => {
    if (!isReported && !closing.aborted) onError(translateRedisError(location, why))
    isReported = true
  }
  client.on('ready', () => (isReported = false))
  client.on('error', report)
  client.on('close', () => report(lastRefusal() ?? new Error('Connection is closed')))
}

async function connect(client: Redis, options: RedisStoreOptions): Promise<void> {
  const { location, patience } = options
  if (patience === 'fail-fast') {
    await firstAnswer(client)
    const check = (): void => void checkSafety(client, options).catch(() => undefined)
    if (client.status === 'ready') check()
    else client.once('ready', check)
    return
  }
  await untilReady(client, location, options.signal)
  await checkSafety(client, options)
}

/** Waits for the first success or failure, for three seconds at most: commands decide later. */
async function firstAnswer(client: Redis): Promise<void> {
  if (client.status === 'ready') return
  const over = AbortSignal.timeout(FIRST_CONNECT_MS)
  const wait = { signal: over }
  await Promise.race([once(client, 'ready', wait), once(client, 'close', wait)]).catch(
    () => undefined,
  )
}

/** Waits for a server that is down, for ever; a refused login ends the wait. */
async function untilReady(
  client: Redis,
  location: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted()
  if (client.status === 'ready') return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onFault = (error: Error): void => {
    const translated = translateRedisError(location, error)
    if (!(translated instanceof StoreUnreachableError)) reject(translated)
  }
  const onAbort = (): void => reject(signal?.reason)
  client.once('ready', resolve)
  client.on('error', onFault)
  signal?.addEventListener('abort', onAbort)
  try {
    await promise
  } finally {
    client.off('ready', resolve)
    client.off('error', onFault)
    signal?.removeEventListener('abort', onAbort)
  }
}

async function checkSafety(client: Redis, options: RedisStoreOptions): Promise<void> {
  for (const server of serversOf(client)) judgeServer(await server.info(), options)
}

function judgeServer(info: string, options: RedisStoreOptions): void {
  const { location, patience, allowUnsafe, onWarning } = options
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? ''
  if (isOlder(version, OLDEST_REDIS)) throw new StoreTooOldError(location, 'Redis 6.2', version)
  const { problems, unknown } = judgeRedisSafety(info)
  if (problems.length > 0 && patience === 'wait' && !allowUnsafe) {
    throw new UnsafeStoreError(location, problems)
  }
  if (problems.length > 0) onWarning(`store "${location}" may lose mail: ${problems.join('; ')}`)
  if (unknown.length > 0) {
    onWarning(
      `store "${location}" does not tell its settings (${unknown.join(', ')}): make sure that "appendonly" is "yes" and "maxmemory-policy" is "noeviction"`,
    )
  }
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = NaN, second = NaN] = version.split('.').map(Number)
  return first < major || (first === major && second < minor)
}

/** Each node of a cluster has a clock: the one that counts is that of the keys which scripts use together. */
async function nowMs(client: Redis, prefix: string): Promise<number> {
  const [seconds, microseconds] = isCluster(client)
    ? timeOf(await client.eval(`return redis.call('TIME')`, 1, `${prefix}-clock`))
    : await client.time()
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
}

function timeOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : []
}

async function ping(client: Redis, location: string): Promise<void> {
  if (client.status !== 'ready') throw new StoreUnreachableError(location)
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new StoreUnreachableError(location, new Error('no answer to PING'))),
    PING_TIMEOUT_MS,
  )
  try {
    await Promise.race([client.ping(), promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Lets commands under way end while there is a connection; never waits for another one. */
async function settle(client: Redis): Promise<void> {
  if (client.status !== 'ready') return
  const { promise: lost, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, PING_TIMEOUT_MS)
  client.once('close', resolve)
  await Promise.race([client.quit().catch(() => undefined), lost])
  clearTimeout(timer)
}
