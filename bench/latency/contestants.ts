import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'

import { Queue } from 'bullmq'
import { Redis } from 'ioredis'

import { createMailroom } from '../../src/index.ts'
import type { RedisServer } from '../../test/support/redis-server.ts'
import { configOf } from '../config.ts'
import { messageTo } from '../message.ts'
import { forkProgram } from '../race/workers.ts'

/** Who brings one message after the other to the server. */
export interface Contestant {
  readonly name: string
  open(round: number): Promise<Sender>
}

/** Resolves when the message is taken: by a queue, or by the server where there is none. */
export interface Sender extends AsyncDisposable {
  send(at: number): Promise<unknown>
}

/** A session that is open already, and nothing else: the server's own time. */
export function bareSession(port: number): Contestant {
  return {
    name: 'bare session',
    open: async () => {
      const socket = connect(port, '127.0.0.1').setNoDelay(true)
      await once(socket, 'data')
      const ask = async (words: string, replies: number): Promise<void> => {
        socket.write(words)
        for (let lines = 0; lines < replies;) {
          const [answer] = (await once(socket, 'data')) as [Buffer]
          lines += answer.toString('latin1').split('\r\n').length - 1
        }
      }
      await ask('EHLO bench\r\n', 1)
      return {
        send: async (at) => {
          const { from, to, subject, text, html } = messageTo(at)
          await ask(`MAIL FROM:<${from}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`, 3)
          const body = `${text.replaceAll('\n', '\r\n')}${html}`
          await ask(`Subject: ${subject}\r\n\r\n${body}\r\n.\r\n`, 1)
        },
        [Symbol.asyncDispose]: async () => void socket.destroy(),
      }
    },
  }
}

/** The worker that the documentations of BullMQ and nodemailer lead to. */
export function plainWorker(redis: RedisServer, port: number): Contestant {
  return {
    name: 'plain worker',
    open: async (round) => {
      const name = `plain-${round}`
      await using stack = new AsyncDisposableStack()
      const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
      stack.defer(() => connection.quit().then(() => undefined))
      const queue = new Queue(name, { connection })
      stack.defer(() => queue.close())
      stack.use(forkProgram('plain-worker.ts', [redis.url, name, port]))
      const kept = stack.move()
      return {
        send: (at) => queue.add('send', messageTo(at)),
        [Symbol.asyncDispose]: () => kept.disposeAsync(),
      }
    },
  }
}

/** Ours on Redis, everything on. */
export function mailroomOnRedis(redis: RedisServer, port: number): Contestant {
  return {
    name: 'Mailroom on Redis',
    open: async (round) => openMailroom(redis.url, `latency-${round}`, port),
  }
}

/** Ours on the embedded Postgres, everything on. */
export function mailroomEmbedded(directory: string, port: number): Contestant {
  return {
    name: 'Mailroom, embedded store',
    open: async () => openMailroom(`embedded:${join(directory, 'store')}`, 'latency', port),
  }
}

async function openMailroom(queue: string, prefix: string, port: number): Promise<Sender> {
  await using stack = new AsyncDisposableStack()
  const mailroom = stack.use(createMailroom(configOf(queue, prefix, port)))
  stack.use(forkProgram('mailroom-worker.ts', [queue, prefix, port]))
  const kept = stack.move()
  return {
    send: (at) => mailroom.send({ connection: 'sink', message: messageTo(at) }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
