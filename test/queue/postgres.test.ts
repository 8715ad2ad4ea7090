import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe } from 'vitest'

import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { pausingConformance } from './conformance-pausing.ts'
import { consumersConformance } from './conformance-running.ts'
import { sweepingConformance } from './conformance-sweeping.ts'
import { queuesConformance } from './conformance.ts'

describe('queues on an embedded Postgres', () => {
  let directory: string
  let keeper: Store | undefined

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mailroom-queues-'))
    // The server never runs as root, and has to get through.
    await chmod(directory, 0o711)
    // Keeps the server up between tests: the last one out stops it.
    keeper = await openStore(`embedded:${directory}`, { patience: 'wait' })
  })
  afterAll(async () => {
    await keeper?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const location = (): string => process.env['DEV_PG'] ?? `embedded:${directory}`
  queuesConformance(location)
  sweepingConformance(location)
  pausingConformance(location)
  consumersConformance(location)
})
