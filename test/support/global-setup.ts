import { chmod } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import type { TestProject } from 'vitest/node'

import { attachEmbedded } from '../../src/store/embedded/attach.ts'
import { dockerAnswers, startRedisContainer } from './docker.ts'
import { findMta } from './mta.ts'
import type { SharedPostgres } from './postgres.ts'
import { startPostgres } from './postgres-server.ts'
import { createTemplates } from './postgres-template.ts'
import type { Provision } from './redis.ts'
import { startRedisCluster } from './redis-cluster.ts'
import { createClusterUser, createRedisUser } from './redis-user.ts'
import { findRedis, startRedis } from './redis-server.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** Gives all tests one Redis, one Postgres and one embedded store, and says what else this machine can run for them. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  // Processes that tests start compile the same sources again and again.
  process.env['NODE_COMPILE_CACHE'] ??= resolve('.cache/compiled')
  await using stack = new AsyncDisposableStack()
  const [redis, cluster, postgres] = await Promise.all([
    attempt(() => openRedis(stack)),
    attempt(() => openCluster(stack)),
    attempt(() => openPostgres(stack)),
  ])
  provide('redis', redis)
  provide('redisCluster', cluster)
  provide('postgres', postgres)
  provide('embedded', await openEmbedded(stack))
  provide('ownRedis', await attempt(async () => (await findRedis(), true as const)))
  provide('mta', await attempt(async () => (await findMta(), true as const)))
  if (redis.kind === 'missing' && process.env['CI'] === 'true') {
    throw new Error(`the tests need a Redis, and there is none: ${redis.reason}`)
  }
  const open = stack.move()
  return () => open.disposeAsync()
}

/**
 * The first that works: `REDIS_URL`, a container, a program of this machine, a package. An engine
 * that cannot start the container (no image, no registry) must not cost the tests their Redis.
 * But for `REDIS_URL`, the tests are a user with no more rights than the docs ask for.
 */
async function openRedis(stack: AsyncDisposableStack): Promise<string> {
  const given = process.env['REDIS_URL']
  if (given !== undefined && given !== '') return given
  if (await dockerAnswers()) {
    const container = await attempt(() => startRedisContainer())
    if (container.kind === 'there') return createRedisUser(stack.use(container.value).url)
    process.stderr.write(`no Redis in a container, trying without: ${container.reason}\n`)
  }
  return createRedisUser(stack.use(await startRedis()).url)
}

/** As users of a cluster do, the tests have no more rights than the docs ask for. */
async function openCluster(stack: AsyncDisposableStack): Promise<string> {
  const cluster = stack.use(await startRedisCluster())
  return createClusterUser(
    cluster.url,
    cluster.nodes.map(({ url }) => url),
  )
}

async function openPostgres(stack: AsyncDisposableStack): Promise<SharedPostgres> {
  const server = stack.use(await startPostgres())
  await createTemplates(server)
  const { stranger, superuser } = server
  const [owner, user] = [server.locate('mailroom_owner'), server.locate('mailroom')]
  return { owner, user, superuser, stranger }
}

/** On a machine that others use too, all takes ten times as long. */
const START_WITHIN_MS = 300_000

/** Who keeps it open is its last user: the tests share one server. */
async function openEmbedded(stack: AsyncDisposableStack): Promise<string> {
  const directory = stack.use(await temporaryDirectory())
  await chmod(directory.path, 0o711)
  const store = join(directory.path, 'store')
  stack.use(await attachEmbedded(store, { patienceMs: START_WITHIN_MS }))
  return `embedded:${store}`
}

async function attempt<T>(work: () => Promise<T>): Promise<Provision<T>> {
  try {
    return { kind: 'there', value: await work() }
  } catch (error) {
    return { kind: 'missing', reason: error instanceof Error ? error.message : String(error) }
  }
}
