import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createTransport } from 'nodemailer'

import { messageTo } from '../message.ts'
import { findPostfixProgram } from './postfix-program.ts'
import { startPostfixRelay } from './postfix-relay.ts'
import type { Contestant, Running } from './race.ts'

/** Postfix's `smtp-source` without any queue: the practical limit. */
export function smtpSource(directory: string, port: number): Contestant {
  return {
    name: 'smtp-source',
    times: 10,
    start: async (total) => startSource(directory, port, total),
  }
}

/** Postfix as a relay: what it takes in and passes on at the same time. */
export function postfixRelay(directory: string, port: number): Contestant {
  return {
    name: 'Postfix, relaying',
    start: async (total) => {
      await using stack = new AsyncDisposableStack()
      const relay = stack.use(await startPostfixRelay(port, false))
      stack.use(await startSource(directory, relay.port, total))
      const kept = stack.move()
      return { pids: [relay.pid], [Symbol.asyncDispose]: () => kept.disposeAsync() }
    },
  }
}

/** Postfix from a queue that was filled before, as the workers have it. */
export function postfixQueue(directory: string, port: number): Contestant {
  return {
    name: 'Postfix, from its queue',
    start: async (total) => {
      await using stack = new AsyncDisposableStack()
      const relay = stack.use(await startPostfixRelay(port, true))
      const source = await startSource(directory, relay.port, total)
      await source.ended
      await relay.release()
      const kept = stack.move()
      return { pids: [relay.pid], [Symbol.asyncDispose]: () => kept.disposeAsync() }
    },
  }
}

interface Source extends Running {
  readonly ended: Promise<unknown>
}

/** Sends the message of all contestants over 20 sessions, each to another recipient. */
async function startSource(directory: string, port: number, total: number): Promise<Source> {
  const { command, env } = await findPostfixProgram('usr/sbin/smtp-source')
  const file = join(directory, 'message')
  await writeFile(file, await rendered())
  const { from, to } = messageTo(0)
  const options = ['-d', '-N', '-s', '20', '-m', String(total), '-F', file, '-f', from, '-t', to]
  const child = spawn(command, [...options, `127.0.0.1:${port}`], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(child, 'exit')
  return {
    pids: [child.pid ?? 0],
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await ended
    },
  }
}

/** It adds the CR of each line itself. */
async function rendered(): Promise<Buffer> {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'unix' })
  const { message } = await composer.sendMail(messageTo(0))
  if (!Buffer.isBuffer(message)) throw new Error('expected a buffer')
  return message
}
