import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { Redis } from 'ioredis'
import { pino } from 'pino'
import { expect, test } from 'vitest'

import { createConnections, type WorkerEvent } from '../../src/index.ts'
import { logEvents } from '../../src/telemetry/log.ts'
import { freePort } from '../support/free-port.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from './mail-room.ts'

const SECRET = 'correct-horse-battery-staple'
const ENCODED = [
  SECRET,
  Buffer.from(SECRET).toString('base64'),
  Buffer.from(`\0app\0${SECRET}`).toString('base64'),
  encodeURIComponent(SECRET),
]

describeOwnRedis('secrets', () => {
  test('no produced byte holds the password: jobs, ledger, logs, errors, lists', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await writeFile(file, SECRET)
    await using redis = await startRedis()
    await using good = await startSmtpServer({ users: { app: SECRET } })
    await using bad = await startSmtpServer({ users: { app: 'another' } })
    const basic = { method: 'basic', user: 'app', allowInsecureAuth: true }
    const fromFile = { ...basic, password: `\${file:${file}}` }
    const fromEnv = { ...basic, password: '${env:MAIL_PASSWORD}' }
    const away = { server: '127.0.0.1', port: await freePort(), tls: 'none', auth: fromEnv }
    const refusing = { server: '127.0.0.1', port: bad.port, tls: 'none', auth: fromFile }
    const others = { refusing, away }
    const logged: string[] = []
    const log = logEvents(pino({ level: 'trace' }, { write: (line) => void logged.push(line) }))
    const produced: unknown[] = [logged]
    const place = { queue: redis.url, prefix: 'secrets', schema: 'secrets' }
    {
      await using room = await openRoom(
        place,
        { port: good.port, auth: fromFile },
        { others, env: { MAIL_PASSWORD: SECRET } },
      )
      const { id } = await room.send({}, { idempotencyKey: 'k' })
      const message = { from: 'app@example.com', to: 'ann@example.org', text: 'x' }
      for (const connection of ['refusing', 'away'])
        await room.mailroom.send({ connection, message })
      await room.settled(id)
      await expect.poll(() => room.told('parked').length).toBe(2)
      produced.push(await room.mailroom.get(id), await room.mailroom.status('relay'))
      produced.push(await failureOf(room.send({ subject: 'a\nb' })))
      produced.push(await failureOf(room.send({ text: 'other' }, { idempotencyKey: 'k' })))
      produced.push(room.events)
      for (const event of room.events) log(event)
    }
    const { connections } = createConnections(others as never)
    produced.push(connections, connections.list())
    produced.push(await connections.verify('refusing', { env: {} }))
    produced.push(await failureOf(connections.resolve('away', { env: {} })))
    produced.push(await everythingIn(redis.url))

    for (const event of ['delivered', 'parked']) expect(logged.join('')).toContain(`"${event}"`)
    const bytes = produced
      .flatMap((thing) => [inspect(thing, { depth: 20 }), JSON.stringify(thing)])
      .join('\n')
    expect(bytes).toContain('password')
    for (const secret of ENCODED) expect(bytes).not.toContain(secret)
    const told: readonly WorkerEvent[] = logged.map((line) => JSON.parse(line))
    expect(JSON.stringify(told), 'logs hold no addresses').not.toMatch(/@example/)
  })
})

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('expected a failure'),
    (error: unknown) => error,
  )
}

/** Every key and value of a Redis, as text. */
async function everythingIn(url: string): Promise<string> {
  const client = new Redis(url)
  try {
    const found: string[] = []
    for (const key of await client.keys('*')) {
      const dump = await client.dumpBuffer(key)
      const type = await client.type(key)
      found.push(key, type, dump?.toString('latin1') ?? '')
      if (type === 'hash') found.push(JSON.stringify(await client.hgetall(key)))
    }
    return found.join('\n')
  } finally {
    client.disconnect()
  }
}
