import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Queue } from 'bullmq'
import { Redis } from 'ioredis'

import { createMailroom } from '../../src/index.ts'
import type { RedisServer } from '../../test/support/redis-server.ts'
import { configOf } from '../config.ts'
import { messageTo } from '../message.ts'
import type { Contestant, Running } from './race.ts'

/** The plain worker, from a queue that was filled before. */
export function plainWorker(redis: RedisServer, port: number): Contestant {
  return {
    name: 'plain worker',
    start: async (total, round) => {
      const name = `plain-${round}`
      const queue = new Queue(name, { connection: { url: redis.url } })
      const jobs = Array.from({ length: total }, (_, at) => ({ name: 'send', data: messageTo(at) }))
      for (let at = 0; at < total; at += 1_000) await queue.addBulk(jobs.slice(at, at + 1_000))
      await queue.close()
      return onRedis(redis, 'plain-worker.ts', [redis.url, name, port])
    },
  }
}

/** nodemailer's pool, without a queue. */
export function pool(port: number): Contestant {
  return {
    name: "nodemailer's pool",
    start: async (total) => forkProgram('pool-sender.ts', [port, total]),
  }
}

/** Ours on Redis, from a queue that was filled before. */
export function mailroomOnRedis(redis: RedisServer, port: number): Contestant {
  return {
    name: 'Mailroom on Redis',
    start: async (total, round) => {
      const prefix = `mailroom-${round}`
      await using mailroom = createMailroom(configOf(redis.url, prefix, port))
      await mailroom.sendMany(mails(total))
      return await onRedis(redis, 'mailroom-worker.ts', [redis.url, prefix, port])
    },
  }
}

/** Ours on an embedded store of its own, from a queue that was filled before. */
export function mailroomEmbedded(directory: string, port: number): Contestant {
  return {
    name: 'Mailroom, embedded store',
    start: async (total, round) => {
      const store = join(directory, `store-${round}`)
      await using stack = new AsyncDisposableStack()
      const mailroom = stack.use(createMailroom(configOf(`embedded:${store}`, 'mailroom', port)))
      await mailroom.sendMany(mails(total))
      const storePids = [await serverIn(store)]
      const child = stack.use(
        forkProgram('mailroom-worker.ts', [`embedded:${store}`, 'mailroom', port]),
      )
      const kept = stack.move()
      return {
        pids: child.pids,
        storePids,
        [Symbol.asyncDispose]: () => kept.disposeAsync(),
      }
    },
  }
}

/** Starts a worker over a Redis that is filled, and empties it at the end. */
export async function onRedis(
  redis: RedisServer,
  program: string,
  args: readonly (string | number)[],
): Promise<Running> {
  const client = new Redis(redis.url)
  const child = forkProgram(program, args)
  return {
    pids: child.pids,
    storePids: [redis.pid],
    commands: async () => commandsIn(await client.info('commandstats')),
    [Symbol.asyncDispose]: async () => {
      await child[Symbol.asyncDispose]()
      await client.flushall()
      await client.quit()
    },
  }
}

/** All that Redis has run, by scripts too. */
export function commandsIn(info: string): number {
  const calls = [...info.matchAll(/^cmdstat_(?!info)\S+:calls=(\d+)/gm)]
  return calls.reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Starts a program of this folder; it goes with what is given. */
export function forkProgram(program: string, args: readonly (string | number)[]): Running {
  const child = fork(join(import.meta.dirname, 'programs', program), args.map(String), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit')
  return {
    pids: [child.pid ?? 0],
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await gone
    },
  }
}

/** The process of the server of an embedded store. */
export async function serverIn(store: string): Promise<number> {
  const files = await readdir(store, { recursive: true })
  const file = files.find((name) => name.endsWith('postmaster.pid'))
  if (file === undefined) throw new Error('the embedded store has no server')
  return Number((await readFile(join(store, file), 'utf8')).split('\n')[0])
}

function* mails(total: number) {
  for (let at = 0; at < total; at += 1) {
    yield { connection: 'sink' as const, message: messageTo(at) }
  }
}
