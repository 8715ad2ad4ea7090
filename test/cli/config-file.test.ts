import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { loadConfigFile } from '../../src/cli/config-file.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test.for([
  ['mailroom.config.ts', 'export default { a: 1 as number }'],
  ['mailroom.config.js', 'module.exports = { a: 1 }'],
  ['mailroom.config.mjs', 'export default { a: 1 }'],
  ['mailroom.config.json', '{ "a": 1 }'],
] as const)('%s is found and read', async ([name, text]) => {
  await using directory = await temporaryDirectory()
  const file = path.join(directory.path, name)
  await writeFile(file, text)
  expect(await loadConfigFile(undefined, directory.path)).toEqual({ file, content: { a: 1 } })
})

test('the first of several counts', async () => {
  await using directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'mailroom.config.json'), '{ "from": "json" }')
  await writeFile(path.join(directory.path, 'mailroom.config.ts'), 'export default { from: "ts" }')
  expect(await loadConfigFile(undefined, directory.path)).toMatchObject({ content: { from: 'ts' } })
})

test('a directory without any is no error', async () => {
  await using directory = await temporaryDirectory()
  expect(await loadConfigFile(undefined, directory.path)).toBeUndefined()
})

test('a file that was asked for is found from the directory, whatever its name', async () => {
  await using directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'other.json'), '{ "a": 1 }')
  expect(await loadConfigFile('other.json', directory.path)).toMatchObject({ content: { a: 1 } })
})

test.for([
  ['none.json', undefined, 'CONFIG_NOT_FOUND', 'there is no configuration file'],
  ['bad.json', '{ "password": "hunter2" "x" }', 'CONFIG_UNREADABLE', 'its syntax is wrong'],
  ['bad.ts', 'export default {{ hunter2', 'CONFIG_UNREADABLE', 'cannot load the configuration'],
  ['named.ts', 'export const a = 1', 'CONFIG_UNREADABLE', 'found no default export'],
  ['throws.ts', 'throw new Error("hunter2")', 'CONFIG_UNREADABLE', 'it threw an error'],
  ['missing.ts', 'import "nowhere-at-all"', 'CONFIG_UNREADABLE', 'is not installed'],
  ['config.yaml', 'a: 1', 'CONFIG_UNREADABLE', 'expected one of .ts, '],
] as const)('%s is refused without quoting it', async ([name, text, code, message]) => {
  await using directory = await temporaryDirectory()
  if (text !== undefined) await writeFile(path.join(directory.path, name), text)
  const refusal = await loadConfigFile(name, directory.path).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code, message: expect.stringContaining(message) })
  expect(String(refusal)).not.toContain('hunter2')
})
