import { test } from 'vitest'

import { openStore } from '../../src/store/open.ts'
import { startWorker } from '../chaos/worker-process.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { FAST, openRoom } from './mail-room.ts'

const LOCK = { lockMs: 1_000, stalledCheckMs: 200, leaseMs: 1_000 }
const HOOKS = { retry: { firstDelayMs: 50, maxDelayMs: 200 }, ...LOCK }

describeServers('an answer that comes after its message was given up as uncertain', (place) => {
  test.concurrent.for<[answer: string, state: string, dots: number, dead: number]>([
    ['451 4.3.0 later', 'delivered', 2, 0],
    ['250 2.0.0 taken', 'delivered', 1, 0],
    ['550 5.1.1 no such user', 'refused', 1, 1],
  ])(
    'is "%s": the message is %s, and its job follows',
    async ([answer, state, dots, dead], { expect }) => {
      const at = place()
      await using folder = await temporaryDirectory()
      await using server = await startScriptedServer({ DOT: ['', '250 2.0.0 taken'] })
      await using room = await openRoom(
        at,
        { port: server.port },
        { ...FAST, ...LOCK, starts: false },
      )
      // With one session it waits for no other job, and takes no wake-up while it is frozen.
      const limits = { sessions: 1 }
      const relay = { server: '127.0.0.1', port: server.port, tls: 'none', limits } as const
      await using frozen = startWorker({
        client: 'frozen',
        folder: folder.path,
        config: { ...at, connections: { relay } },
        hooks: HOOKS,
        stopWithinMs: 5_000,
      })
      await frozen.started()
      const { id } = await room.send()
      await expect.poll(() => server.dots).toBe(1)
      frozen.freeze()
      await endMark(at, id)
      await room.worker.start()
      await expect
        .poll(() => room.mailroom.status('relay'))
        .toMatchObject({ dead: 1, uncertain: 1 })

      server.say(answer)
      frozen.thaw()
      await expect.poll(() => room.mailroom.get(id)).toMatchObject({ state })
      const left = { waiting: 0, active: 0, delayed: 0, dead, refused: dead, uncertain: 0 }
      await expect.poll(() => room.mailroom.status('relay')).toMatchObject(left)
      expect(server.dots).toBe(dots)
      expect((await room.mailroom.history(id))?.entries).toContainEqual(
        expect.objectContaining({ how: 'late', code: Number(answer.slice(0, 3)) }),
      )
      expect(await frozen.stop(10_000)).toBeUndefined()
    },
  )
})

/** Has the time for the answer be over by the store's word. */
async function endMark({ queue, prefix, schema }: TestStore, id: string): Promise<void> {
  const store = await openStore(queue, { patience: 'wait', prefix, schema })
  if (store.kind === 'redis') await store.client.hset(`${prefix}-ledger:${id}`, 'g', 1)
  else await store.pool.query(`update ledger set mark_until = now() where id = $1`, [id])
  await store.close()
}
