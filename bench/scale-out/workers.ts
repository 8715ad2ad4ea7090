import { Redis } from 'ioredis'

import type { RedisServer } from '../../test/support/redis-server.ts'
import type { Running } from '../race/race.ts'
import { commandsIn, forkProgram } from '../race/workers.ts'

/** One Redis, or the nodes of a cluster. */
export interface Place {
  readonly name: string
  readonly url: string
  readonly nodes: readonly RedisServer[]
}

/** How the keys of one deployment lie on the nodes of a place. */
export interface Spread {
  /** The nodes, and the one first on which the ledger is. */
  readonly nodes: readonly RedisServer[]
  /** Which part of the names each of them has. */
  readonly parts: readonly number[]
}

/** Finds out where the ledger and the queues of `prefix` are, whose names have mail that waits. */
export async function spreadOf({ nodes }: Place, prefix: string): Promise<Spread> {
  const found = await Promise.all(
    nodes.map(async (node) => {
      await using client = clientOf(node)
      const queues = (await client.redis.keys(`*${prefix}*:meta`)).length
      const isLedgers = (await client.redis.keys(`*${prefix}*-ledger:*`)).length > 0
      return { node, queues, isLedgers }
    }),
  )
  const sorted = found.toSorted((one, other) => Number(other.isLedgers) - Number(one.isLedgers))
  const all = found.reduce((sum, { queues }) => sum + queues, 0)
  return {
    nodes: sorted.map(({ node }) => node),
    parts: sorted.map(({ queues }) => queues / all),
  }
}

/** Starts so many workers, and empties the place when they have ended. */
export async function workersOn(
  nodes: readonly RedisServer[],
  count: number,
  args: readonly (string | number)[],
): Promise<Running> {
  await using stack = new AsyncDisposableStack()
  const clients = nodes.map((node) => stack.use(clientOf(node)).redis)
  stack.defer(async () => {
    for (const client of clients) await client.flushall()
  })
  const children = Array.from({ length: count }, () =>
    stack.use(forkProgram('mailroom-worker.ts', args)),
  )
  const kept = stack.move()
  return {
    pids: children.flatMap(({ pids }) => pids),
    storePids: nodes.map(({ pid }) => pid),
    commands: async () => {
      const infos = await Promise.all(clients.map((client) => client.info('commandstats')))
      return infos.reduce((sum, info) => sum + commandsIn(info), 0)
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function clientOf({ url }: RedisServer): AsyncDisposable & { readonly redis: Redis } {
  const redis = new Redis(url)
  return { redis, [Symbol.asyncDispose]: async () => void (await redis.quit()) }
}
