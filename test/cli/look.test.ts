import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'

import { expect, test } from 'vitest'

import { jsonLines, runCli } from '../support/cli.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts'
import { runOnTerminal } from '../support/terminal.ts'

const LIST = ['connections', 'list']
const BOLD = '\u001b[1m'

async function project(): Promise<TemporaryDirectory> {
  const directory = await temporaryDirectory()
  const connections = {
    relay: { server: 'mail.example.com', tls: 'starttls', from: 'app@example.com' },
    报告: { server: '192.0.2.1', port: 2525, tls: 'none', limits: { sessions: 12 } },
  }
  await writeFile(
    path.join(directory.path, 'mailroom.config.json'),
    JSON.stringify({ connections }),
  )
  return directory
}

test('a terminal shows a table with a bold heading', async () => {
  await using directory = await project()
  const { code, out } = await runOnTerminal(LIST, { cwd: directory.path })
  expect(code).toBe(0)
  expect(out).toContain(BOLD)
  expect(stripVTControlCharacters(out).split('\n').slice(0, 3)).toEqual([
    'connection  server            port  tls       auth       from             sessions  origin                description',
    'relay       mail.example.com   587  starttls  anonymous  app@example.com         5  mailroom.config.json',
    '报告        192.0.2.1         2525  none      anonymous                         12  mailroom.config.json',
  ])
})

test('a pipe gets one JSON object a line, without a flag', async () => {
  await using directory = await project()
  const { code, out, err } = await runCli(LIST, { cwd: directory.path })
  expect([code, err]).toEqual([0, ''])
  expect(jsonLines(out)).toMatchObject([
    { connection: 'relay', port: 587, tls: 'starttls', from: 'app@example.com', sessions: 5 },
    { connection: '报告', port: 2525, tls: 'none', sessions: 12 },
  ])
})

test.for<[args: readonly string[], env: Record<string, string>, isBold: boolean]>([
  [['--no-color'], {}, false],
  [[], { NO_COLOR: '1' }, false],
  [[], { NO_COLOR: '1', FORCE_COLOR: '1' }, true],
  [['--json'], { FORCE_COLOR: '1' }, false],
])('a terminal with %j and %j has bold letters: %s', async ([args, env, isBold]) => {
  await using directory = await project()
  const { code, out } = await runOnTerminal([...LIST, ...args], { cwd: directory.path, env })
  expect(code).toBe(0)
  expect(out).toContain('mail.example.com')
  expect(out.includes('\u001b')).toBe(isBold)
})

test.for<[args: readonly string[], env: Record<string, string>, isBold: boolean]>([
  [['--table'], {}, false],
  [['--table'], { FORCE_COLOR: '1' }, true],
])('a pipe with %j and %j has a table, bold: %s', async ([args, env, isBold]) => {
  await using directory = await project()
  const { out } = await runCli([...LIST, ...args], { cwd: directory.path, env })
  expect(stripVTControlCharacters(out)).toMatch(/^connection +server .*\nrelay +mail\.example/)
  expect(out.includes(BOLD)).toBe(isBold)
})
