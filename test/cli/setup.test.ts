import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { runCli, type CliResult } from '../support/cli.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Runs a command where the configuration's queue refers to a variable that is not set. */
async function runUnset(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  await using directory = await temporaryDirectory()
  const config = { queue: '${env:NOT_SET}', connections: { relay: 'smtp://relay.example.com' } }
  await writeFile(path.join(directory.path, 'mailroom.config.json'), JSON.stringify(config))
  return await runCli(args, { cwd: directory.path, env })
}

test('a queue that is asked for counts where that of the file cannot be looked up', async () => {
  const queue = `redis://127.0.0.1:${await freePort()}`
  for (const [args, env] of [
    [['status', '--queue', queue], {}],
    [['status'], { MAILROOM_QUEUE: queue }],
  ] as const) {
    const { code, err } = await runUnset(args, env)
    expect([code, err]).toEqual([4, expect.stringContaining('STORE_UNREACHABLE')])
  }
  const { code, err } = await runUnset(['status'])
  expect([code, err]).toEqual([3, expect.stringContaining('SECRET_UNAVAILABLE')])
})

test('commands that need no store look no queue up', async () => {
  const list = await runUnset(['connections', 'list'])
  expect([list.code, list.err]).toEqual([0, ''])
  expect(list.out).toContain('relay.example.com')
  const show = await runUnset(['connections', 'show', 'relay'])
  expect([show.code, show.err]).toEqual([0, ''])
})
