import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { openCatchAll } from '../../src/cli/catch-all.ts'
import { openHealthServer } from '../../src/server/health.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { freePort } from '../support/free-port.ts'
import { portOf } from '../support/port-of.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const READY = path.resolve(import.meta.dirname, '../../deploy/ready.ts')
const run = promisify(execFile)

/** The exit code and the output of the probe. */
async function probe(url: string): Promise<readonly [code: number, out: string]> {
  try {
    return [0, (await run(process.execPath, [READY, url])).stdout]
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stdout' in error)) throw error
    return [Number(error.code), String(error.stdout)]
  }
}

test('a worker is ready when it says so, and its reason is told when it is not', async () => {
  let reason: string | undefined = 'waiting for the store'
  const depths = { names: () => [], depth: () => Promise.reject(new Error('not asked')) }
  await using server = await openHealthServer({
    host: '127.0.0.1',
    port: 0,
    checks: { worker: () => Promise.resolve(reason) },
    metrics: createMetrics({ depths, ofProcess: false }).registry,
  })
  const [code, out] = await probe(`${server.url}/readyz`)
  expect(code).toBe(1)
  expect(out).toContain('waiting for the store')
  reason = undefined
  expect(await probe(`${server.url}/readyz`)).toEqual([0, expect.stringContaining('200')])
})

test('a mail catcher is ready when it greets', async () => {
  await using directory = await temporaryDirectory()
  await using server = await openCatchAll({ directory: directory.path, port: 0 })
  expect(await probe(`smtp://127.0.0.1:${server.port}`)).toEqual([0, ''])
})

test('nobody who listens, or who says something else, is ready', async () => {
  const closed = await freePort()
  expect(await probe(`smtp://127.0.0.1:${closed}`)).toEqual([
    1,
    expect.stringContaining('does not greet'),
  ])
  expect(await probe(`http://127.0.0.1:${closed}/readyz`)).toEqual([
    1,
    expect.stringContaining('does not answer'),
  ])
  const busy = createServer((socket) => socket.end('554 no service\r\n')).listen(0, '127.0.0.1')
  await once(busy, 'listening')
  try {
    expect(await probe(`smtp://127.0.0.1:${portOf(busy)}`)).toEqual([1, ''])
  } finally {
    busy.close()
  }
})
