import { join } from 'node:path'

import { createMailroom } from '../../src/index.ts'
import type { RedisServer } from '../../test/support/redis-server.ts'
import { configOf, contentIn } from '../config.ts'
import type { Contestant } from '../race/race.ts'
import { forkProgram, onRedis, serverIn } from '../race/workers.ts'
import { SMALL_ONES, type Folder } from './folder.ts'

/** How long putting messages with their files into the queue took. */
export type OnEnqueued = (contestant: string, messages: number, ms: number) => void

interface Ours {
  readonly name: string
  readonly folder: Folder
  readonly port: number
  readonly onEnqueued: OnEnqueued
}

/** nodemailer's pool, which reads the file of each message while it sends it. */
export function filePool(name: string, folder: Folder, port: number): Contestant {
  return { name, start: async (total) => forkProgram('file-sender.ts', [port, total, folder.path]) }
}

/** Ours on Redis; files are in `content`, else in Redis too. */
export function filesOnRedis(ours: Ours, redis: RedisServer, content?: string): Contestant {
  return {
    name: ours.name,
    start: async (total, round) => {
      const prefix = `large-${round}`
      await using _ = await enqueue(ours, total, [redis.url, prefix, content])
      const args = [redis.url, prefix, ours.port, 1, ...(content === undefined ? [] : [content])]
      return await onRedis(redis, 'mailroom-worker.ts', args)
    },
  }
}

/** Ours on an embedded store of its own, files in it too. */
export function filesEmbedded(ours: Ours, directory: string): Contestant {
  return {
    name: ours.name,
    start: async (total, round) => {
      const store = join(directory, `store-${round}`)
      const queue = `embedded:${store}`
      // The server stays only while somebody uses it.
      await using stack = new AsyncDisposableStack()
      stack.use(await enqueue(ours, total, [queue, 'large', undefined]))
      const storePids = [await serverIn(store)]
      const child = forkProgram('mailroom-worker.ts', [queue, 'large', ours.port])
      stack.use(child)
      const kept = stack.move()
      return { pids: child.pids, storePids, [Symbol.asyncDispose]: () => kept.disposeAsync() }
    },
  }
}

async function enqueue(
  { name, folder, port, onEnqueued }: Ours,
  total: number,
  [queue, prefix, content]: readonly [queue: string, prefix: string, content: string | undefined],
): Promise<AsyncDisposable> {
  const config = contentIn(configOf(queue, prefix, port), content)
  const mailroom = createMailroom({ ...config, attachments: { roots: [folder.path] } })
  const from = performance.now()
  await mailroom.sendMany(mails(folder, total))
  onEnqueued(name, total - SMALL_ONES, performance.now() - from)
  return mailroom
}

function* mails(folder: Folder, total: number) {
  for (let at = 0; at < total; at += 1) {
    yield { connection: 'sink' as const, message: folder.messageWith(at) }
  }
}
