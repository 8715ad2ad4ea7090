import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { Redis } from 'ioredis'

import { startDaemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { findRedis, startRedis, type RedisServer } from './redis-server.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** A master with a replica, and three sentinels that agree within a second on who is which. */
export interface Sentinels extends AsyncDisposable {
  /** `redis+sentinel://…`, naming a sentinel that is not there besides those that are. */
  readonly url: string
  readonly master: RedisServer
  readonly replica: RedisServer
  /** Has the sentinels exchange master and replica, both of which live on. */
  failOver(): Promise<void>
}

interface Sentinel extends AsyncDisposable {
  readonly port: number
}

export async function startSentinels(): Promise<Sentinels> {
  await using stack = new AsyncDisposableStack()
  // Else it would wait at its end for a replica that may be gone.
  const hurried = ['--shutdown-timeout', '0']
  const master = stack.use(await startRedis({ args: hurried }))
  const replica = stack.use(
    await startRedis({ args: [...hurried, '--replicaof', '127.0.0.1', String(master.port)] }),
  )
  const ports: number[] = []
  for (let count = 1; count <= 3; count += 1) {
    ports.push(stack.use(await startSentinel(master.port)).port)
  }
  for (const port of ports) await untilAcquainted(port)
  const hosts = [await freePort(), ...ports].map((port) => `127.0.0.1:${port}`).join(',')
  const held = stack.move()
  return {
    url: `redis+sentinel://${hosts}/mail`,
    master,
    replica,
    failOver: () => ask(ports[0] ?? 0, (sentinel) => sentinel.call('SENTINEL', 'FAILOVER', 'mail')),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

/** One that others ask for `mail`, on a port of its own; it may ask for a password itself. */
export async function startSentinel(master: number, password?: string): Promise<Sentinel> {
  await using stack = new AsyncDisposableStack()
  const cwd = stack.use(await temporaryDirectory()).path
  const port = await freePort()
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor mail 127.0.0.1 ${master} 2`,
    'sentinel down-after-milliseconds mail 500',
    'sentinel failover-timeout mail 3000',
    ...(password === undefined ? [] : [`requirepass ${password}`]),
  ]
  await writeFile(join(cwd, 'sentinel.conf'), settings.join('\n'))
  const args = [join(cwd, 'sentinel.conf'), '--sentinel']
  const daemon = await startDaemon({ program: await findRedis(), args, port, cwd })
  stack.defer(() => daemon.end())
  const held = stack.move()
  return { port, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

/** Before they know each other and the replica, sentinels agree on nothing. */
async function untilAcquainted(port: number): Promise<void> {
  await ask(port, async (sentinel) => {
    for (let tries = 1; tries <= 500; tries += 1) {
      const facts = await sentinel.call('SENTINEL', 'MASTER', 'mail')
      const text = Array.isArray(facts) ? facts.join(' ') : ''
      if (text.includes('num-slaves 1') && text.includes('num-other-sentinels 2')) return
      await sleep(20)
    }
    throw new Error(`the sentinel on port ${port} does not find the others`)
  })
}

async function ask(port: number, question: (sentinel: Redis) => Promise<unknown>): Promise<void> {
  const sentinel = new Redis(port, '127.0.0.1')
  try {
    await question(sentinel)
  } finally {
    sentinel.disconnect()
  }
}
