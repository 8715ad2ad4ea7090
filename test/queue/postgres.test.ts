import { chmod } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { openStore } from '../../src/store/open.ts'
import type { SharedPool } from '../../src/store/shared-pool.ts'
import type { Store } from '../../src/store/store.ts'
import { pausingConformance } from './conformance-pausing.ts'
import { clockConformance } from './conformance-clock.ts'
import { consumersConformance } from './conformance-running.ts'
import { sweepingConformance } from './conformance-sweeping.ts'
import { queuesConformance } from './conformance.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts'
import { NAME, newPlace, openBench } from './place.ts'

describe('queues on an embedded Postgres', () => {
  let directory: TemporaryDirectory
  let keeper: Store | undefined

  beforeAll(async () => {
    directory = await temporaryDirectory()
    // The server never runs as root, and has to get through.
    await chmod(directory.path, 0o711)
    // Keeps the server up between tests: the last one out stops it.
    keeper = await openStore(`embedded:${directory.path}`, { patience: 'wait' })
  })
  afterAll(async () => {
    await keeper?.close()
    await directory[Symbol.asyncDispose]()
  })

  const location = (): string => process.env['DEV_PG'] ?? `embedded:${directory.path}`
  queuesConformance(location)
  sweepingConformance(location)
  pausingConformance(location)
  consumersConformance(location)
  clockConformance(location)

  test('a delayed job that is taken while it is buried stays with its worker', async () => {
    await using bench = await openBench(newPlace(location()))
    const { store, queues } = bench
    if (store.kind !== 'postgres') throw new Error('expected a Postgres')
    const { pool } = store
    await queues.add(NAME, [{ id: 'm-1', data: 1, delayMs: 900_000 }])
    // What a worker does, but for the pause in the middle of it.
    const { burying } = await pool.transaction(async () => {
      await pool.query(`update job set state = 'active' where id = 'm-1'`)
      return pool.outside(async () => {
        const called = queues.bury(NAME, [{ id: 'm-1', reason: 'x' }])
        await expect.poll(() => isAnyWaiting(pool)).toBe(true)
        return { burying: called }
      })
    })
    expect(await burying).toEqual([])
    expect(await queues.stateOf(NAME, 'm-1')).toBe('active')
  })
})

async function isAnyWaiting(pool: SharedPool): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%job%'
       and datname = current_database()`,
  )
  return (rowCount ?? 0) > 0
}
