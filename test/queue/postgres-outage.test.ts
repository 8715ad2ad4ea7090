import { chmod } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { openQueues } from '../../src/queue/open.ts'
import { attachEmbedded } from '../../src/store/embedded/attach.ts'
import { openPlace } from '../../src/store/embedded/directory.ts'
import { readPostmaster } from '../../src/store/embedded/postmaster.ts'
import { StoreUnreachableError } from '../../src/store/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { expectNoWait } from '../support/without-waiting.ts'
import { outageConformance, type Outage } from './outage.ts'
import { NAME, newPlace } from './place.ts'

describe('queues on an embedded Postgres that crashes', () => {
  outageConformance(startOutage)

  test('a producer fails at once while the server never was up', async () => {
    const location = `postgres://me@127.0.0.1:${await freePort()}/mail`
    await using store = await openStore(location, { patience: 'fail-fast' })
    await using queues = await openQueues(store)
    const unreachable = { code: 'STORE_UNREACHABLE' }
    const jobs = ['m-1', 'm-2'].map((id) => ({ id, data: 1 }))
    await expectNoWait(async () => {
      await expect(queues.add(NAME, jobs.slice(1))).rejects.toMatchObject(unreachable)
      await expect(queues.add(NAME, jobs)).rejects.toMatchObject(unreachable)
      await expect(queues.depth(NAME)).rejects.toMatchObject(unreachable)
    })
  })

  test('a producer works again when its server is back, and hears nothing worse meanwhile', async () => {
    await using server = await startOutage()
    const { location, options } = server.place
    await using store = await openStore(location, { ...options, patience: 'fail-fast' })
    await using queues = await openQueues(store)
    await server.crash()
    const answers: string[] = []
    await expect
      .poll(async () => {
        const id = `m-${answers.length}`
        const added = queues.add(NAME, [{ id, data: 1 }])
        answers.push(
          await added.then(
            () => 'added',
            (error: unknown) =>
              error instanceof StoreUnreachableError ? error.code : String(error),
          ),
        )
        return answers.slice(-20)
      })
      .toEqual(Array.from({ length: 20 }, () => 'added'))
    expect(new Set(answers)).toEqual(new Set(['added', 'STORE_UNREACHABLE']))
    const { waiting } = await queues.depth(NAME)
    expect(waiting).toBeGreaterThanOrEqual(answers.filter((answer) => answer === 'added').length)
  })

  test('queues without their tables are refused until somebody may create them', async () => {
    await using server = await startOutage()
    const { location, options } = server.place
    await using store = await openStore(location, { ...options, patience: 'wait' })
    await using other = await openStore(location, { ...options, migrate: false, patience: 'wait' })
    await expect(openQueues(other)).rejects.toMatchObject({ code: 'STORE_NOT_MIGRATED' })
    await using queues = await openQueues(store)
    await using others = await openQueues(other)
    await queues.add(NAME, [{ id: 'm-1', data: 1 }])
    expect(await others.depth(NAME)).toMatchObject({ waiting: 1 })
  })

  test('jobs that are added in a transaction appear with its commit or never', async () => {
    await using server = await startOutage()
    const { location, options } = server.place
    await using store = await openStore(location, { ...options, patience: 'wait' })
    await using queues = await openQueues(store)
    const failing = store.atomically(async () => {
      await queues.add(NAME, [{ id: 'm-1', data: 1 }])
      await queues.add(
        NAME,
        ['m-2', 'm-3'].map((id) => ({ id, data: 1 })),
      )
      expect(await queues.depth(NAME)).toMatchObject({ waiting: 3 })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await queues.depth(NAME)).toMatchObject({ waiting: 0 })
    const taken: string[] = []
    const consumer = await queues.consume(
      NAME,
      async ({ id }) => {
        taken.push(id)
        return { kind: 'done' }
      },
      { concurrency: 1, onError: () => undefined },
    )
    const before = performance.now()
    await store.atomically(() => queues.add(NAME, [{ id: 'm-4', data: 1 }]))
    await expect.poll(() => taken).toEqual(['m-4'])
    expect(performance.now() - before).toBeLessThan(9_000)
    await consumer.stop(1000)
  })
})

/** The server comes back by itself: every user of the store sees to that. */
async function startOutage(): Promise<Outage> {
  const temporary = await temporaryDirectory()
  await chmod(temporary.path, 0o711)
  const directory = join(temporary.path, 'store')
  const user = await attachEmbedded(directory)
  return {
    place: newPlace(`embedded:${directory}`),
    async crash() {
      const { pid } = (await readPostmaster(await openPlace(directory))) ?? {}
      if (pid === undefined) throw new Error('expected a server that runs')
      process.kill(pid, 'SIGKILL')
    },
    recover: async () => void (await user.parameters()),
    async [Symbol.asyncDispose]() {
      await user.detach()
      await temporary[Symbol.asyncDispose]()
    },
  }
}
