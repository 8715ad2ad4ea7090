import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import {
  createConnections,
  createWorker,
  SecretUnavailableError,
  type Connections,
  type WorkerEvent,
} from '../../src/index.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import type { TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { basic, plain, write } from './reconfigured.ts'
import { FAST, openRoom } from './mail-room.ts'

describeRedis('a secret that changes while a worker runs', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('opens nothing more when it was stopped while a secret was being read', async () => {
    await using server = await startSmtpServer()
    const { connections } = createConnections({ relay: plain(server.port) })
    const read = Promise.withResolvers<void>()
    const reading = new Set<string>()
    let isSlow = false
    const slow: typeof connections = {
      ...connections,
      resolve: async (name, options) => {
        if (isSlow) reading.add(name)
        if (isSlow) await read.promise
        return connections.resolve(name, options)
      },
    }
    const told: string[] = []
    const emit = ({ event }: WorkerEvent) => void told.push(event)
    await using worker = createWorker({ ...place(), connections: slow }, { ...FAST, emit })
    await worker.start()
    isSlow = true
    const reconfigured = worker.reconfigure()
    await expect.poll(() => reading.size).toBe(1)
    await worker.stop()
    read.resolve()
    expect(await reconfigured).toEqual({ kind: 'ignored' })
    expect(told).toEqual(['worker-started', 'worker-quieted', 'worker-stopped'])
  })

  test('notices a secret that changed while it was starting', async () => {
    await using server = await startSmtpServer({ users: { app: 'new' } })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await write(file, 'old')
    const { connections } = createConnections({ relay: plain(server.port, { auth: basic(file) }) })
    let reads = 0
    const changing: typeof connections = {
      ...connections,
      resolve: async (name, options) => {
        const resolved = await connections.resolve(name, options)
        reads += 1
        // Once to see that it can be read, and once to work with it.
        if (reads === 2) await write(file, 'new')
        return resolved
      },
    }
    const told: WorkerEvent[] = []
    const emit = (event: WorkerEvent) => void told.push(event)
    await using worker = createWorker({ ...place(), connections: changing }, { ...FAST, emit })
    await worker.start()
    await expect.poll(() => told).toContainEqual(expect.objectContaining({ changed: ['relay'] }))
  })

  test('is ready only when a name that is to be served could be opened', async () => {
    await using server = await startSmtpServer()
    const { connections } = createConnections({
      first: plain(server.port),
      second: plain(server.port),
    })
    const away = new Set(['first', 'second'])
    const failing = withoutSecrets(connections, away)
    await using worker = createWorker({ ...place(), connections: failing }, FAST)
    await worker.start()
    expect(await worker.readiness()).toEqual({
      ready: false,
      reason: 'no name could be opened yet: "first", "second"',
    })
    // It is refused as a whole, and changes nothing.
    away.delete('first')
    expect(await worker.reconfigure()).toMatchObject({ kind: 'refused' })
    expect(await worker.readiness()).toMatchObject({ ready: false })
    away.delete('second')
    await expect
      .poll(() => worker.readiness(), { timeout: 10_000 })
      .toEqual({ ready: true, parked: [], delayed: [] })
  })

  test('is ready for the names that are open, and names those that could not be opened', async () => {
    await using server = await startSmtpServer()
    const { connections } = createConnections({
      relay: plain(server.port),
      late: plain(server.port),
    })
    const failing = withoutSecrets(connections, new Set(['late']))
    await using worker = createWorker({ ...place(), connections: failing }, FAST)
    await worker.start()
    expect(await worker.readiness()).toEqual({ ready: true, parked: [], delayed: ['late'] })
  })

  test('sees a secret behind a link that is exchanged, and behind one further away', async () => {
    const users: Record<string, string> = { app: 'first' }
    await using server = await startSmtpServer({ users })
    await using directory = await temporaryDirectory()
    const mounted = join(directory.path, 'mounted')
    await mkdir(mounted)
    const mount = async (version: string): Promise<void> => {
      await mkdir(join(mounted, `..${version}`))
      await writeFile(join(mounted, `..${version}`, 'password'), version)
      await symlink(`..${version}`, join(mounted, '..next'))
      await rename(join(mounted, '..next'), join(mounted, '..data'))
    }
    await mount('first')
    await symlink(join('..data', 'password'), join(mounted, 'password'))
    const file = join(directory.path, 'password')
    await symlink(join(mounted, 'password'), file)
    await using room = await openRoom(place(), { port: server.port, auth: basic(file) })
    await room.settled((await room.send()).id)

    users['app'] = 'second'
    await mount('second')
    await expect.poll(() => room.told('config-applied').length).toBe(1)
    await room.settled((await room.send()).id)
    expect(room.told('parked')).toEqual([])
    expect(server.logins).toBe(2)
  })
})

/** All can be read when the configuration is judged; from then on none of `away`. */
function withoutSecrets(connections: Connections, away: ReadonlySet<string>): Connections {
  const judged = new Set<string>()
  return {
    ...connections,
    resolve: async (name, options) => {
      if (judged.has(name) && away.has(name)) {
        throw new SecretUnavailableError('${file:password}', 'cannot be read')
      }
      judged.add(name)
      return connections.resolve(name, options)
    },
  }
}
