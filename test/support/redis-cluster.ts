import { setTimeout as sleep } from 'node:timers/promises'

import { Redis } from 'ioredis'

import { freePort } from './free-port.ts'
import { startRedis, type RedisServer } from './redis-server.ts'

/** Three Redis nodes that share the slots among them. */
export interface RedisCluster extends AsyncDisposable {
  /** `redis+cluster://…`, naming a node that is not there besides one that is. */
  readonly url: string
  readonly nodes: readonly RedisServer[]
}

const SLOTS = 16_384
const NODES = 3

export async function startRedisCluster(): Promise<RedisCluster> {
  await using stack = new AsyncDisposableStack()
  const buses = await Promise.all(Array.from({ length: NODES }, () => freePort()))
  const nodes = await Promise.all(buses.map((bus) => startNode(bus)))
  for (const node of nodes) stack.use(node)
  await join(nodes, buses)
  const held = stack.move()
  return {
    url: `redis+cluster://127.0.0.1:${await freePort()},127.0.0.1:${nodes[0]?.port}`,
    nodes,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

async function join(nodes: readonly RedisServer[], buses: readonly number[]): Promise<void> {
  using stack = new DisposableStack()
  const clients = nodes.map(({ port }) => stack.adopt(new Redis(port), (one) => one.disconnect()))
  const [first] = nodes
  if (first === undefined) throw new Error('a cluster without nodes')
  await Promise.all(
    clients.map(async (client, at) => {
      const [from, to] = [firstSlot(at), firstSlot(at + 1) - 1]
      await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1)
    }),
  )
  for (const client of clients.slice(1)) {
    await client.call('CLUSTER', 'MEET', '127.0.0.1', first.port, buses[0] ?? 0)
  }
  await Promise.all(clients.map((client) => untilWhole(client)))
}

const firstSlot = (node: number): number => Math.floor((SLOTS * node) / NODES)

/** The port of its bus would be one that does not exist where its own is among the highest. */
function startNode(bus: number): Promise<RedisServer> {
  return startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-port', String(bus)] })
}

/** All slots are served, and this node knows all others. */
async function untilWhole(client: Redis): Promise<void> {
  for (let tries = 1; tries <= 1000; tries += 1) {
    const facts = String(await client.call('CLUSTER', 'INFO'))
    if (facts.includes('cluster_state:ok') && facts.includes(`cluster_size:${NODES}`)) return
    await sleep(10)
  }
  throw new Error('the nodes of the cluster do not find each other')
}
