import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { inspect } from 'node:util'

import { describe, expect, test } from 'vitest'

import { loadConfigFile } from '../../src/cli/config-file.ts'
import type { ConfigFileOptions } from '../../src/cli/config-file.ts'
import { ConfigUnreadableError } from '../../src/cli/errors.ts'
import type { FileLook } from '../../src/connections/file-look.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const HERE: ConfigFileOptions = { env: process.env }
const ANEW: ConfigFileOptions = { ...HERE, anew: true }

/** A directory with these files. */
async function directoryOf(files: Readonly<Record<string, string>>) {
  const directory = await temporaryDirectory()
  const put = async (name: string, text: string): Promise<void> =>
    writeFile(path.join(directory.path, name), text)
  for (const [name, text] of Object.entries(files)) await put(name, text)
  return { ...directory, put, file: (name: string) => path.join(directory.path, name) }
}

describe('a configuration file', () => {
  test.for([
    ['mailroom.config.ts', 'export default { a: 1 as number }'],
    ['mailroom.config.js', 'module.exports = { a: 1 }'],
    ['mailroom.config.mjs', 'export default { a: 1 }'],
    ['mailroom.config.json', '{ "a": 1 }'],
    ['mailroom.config.json', '\uFEFF{ "a": 1 }'],
    ['mailroom.config.yaml', '# a comment\na: 1\n'],
    ['mailroom.config.yml', '%YAML 1.2\n---\n{ "a": 1 }'],
    ['mailroom.config.toml', 'a = 1'],
  ] as const)('%s is found and read', async ([name, text]) => {
    await using directory = await directoryOf({ [name]: text })
    expect(await loadConfigFile(undefined, directory.path, HERE)).toEqual({
      file: directory.file(name),
      content: { a: 1 },
      imports: [],
      passedOver: [],
    })
  })

  test('counts when it is the first of several, and the others are named', async () => {
    await using directory = await directoryOf({
      'mailroom.config.toml': 'from = "toml"',
      'mailroom.config.json': '{ "from": "json" }',
      'mailroom.config.ts': 'export default { from: "ts" }',
    })
    expect(await loadConfigFile(undefined, directory.path, HERE)).toMatchObject({
      content: { from: 'ts' },
      passedOver: [directory.file('mailroom.config.json'), directory.file('mailroom.config.toml')],
    })
  })

  test('is not looked for in the directories above', async () => {
    await using directory = await temporaryDirectory()
    const inner = await directoryOf({ 'mailroom.config.json': '{}' })
    await using _ = inner
    expect(await loadConfigFile(undefined, directory.path, HERE)).toBeUndefined()
    const below = path.join(inner.path, 'below')
    expect(await loadConfigFile(undefined, below, HERE)).toBeUndefined()
  })

  test('that was asked for is found from the directory, whatever its name', async () => {
    await using directory = await directoryOf({ 'other.json': '{ "a": 1 }' })
    expect(await loadConfigFile('other.json', directory.path, HERE)).toMatchObject({
      content: { a: 1 },
    })
  })

  test('that is empty is no configuration, and hides none behind it', async () => {
    await using directory = await directoryOf({
      'mailroom.config.json': '',
      'mailroom.config.yaml': 'a: 1',
    })
    const loaded = await loadConfigFile(undefined, directory.path, HERE)
    expect(loaded?.file).toBe(directory.file('mailroom.config.json'))
    expect(loaded?.content).toBeUndefined()
  })

  test('that is a directory cannot be read', async () => {
    await using directory = await directoryOf({})
    await mkdir(directory.file('mailroom.config.json'))
    const refusal = {
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining('it cannot be read (EISDIR)'),
    }
    const file = directory.file('mailroom.config.json')
    await expect(loadConfigFile(file, directory.path, HERE)).rejects.toMatchObject(refusal)
    await expect(loadConfigFile(undefined, directory.path, HERE)).rejects.toMatchObject(refusal)
  })

  const BOMB = Array.from({ length: 20 }, (_, index) =>
    index === 0 ? 'a0: &a0 [x, x]' : `a${index}: &a${index} [*a${index - 1}, *a${index - 1}]`,
  ).join('\n')

  test.for([
    ['none.json', undefined, 'CONFIG_NOT_FOUND', 'there is no configuration file'],
    ['none.yaml', undefined, 'CONFIG_NOT_FOUND', 'there is no configuration file'],
    ['config.ini', 'a=1', 'CONFIG_UNREADABLE', 'expected one of .ts, '],
    ['a.json', '{ "p": "hunter2" "x" }', 'CONFIG_UNREADABLE', '"}", at line 1, column 18'],
    ['b.json', '{\n "p": hunter2 }', 'CONFIG_UNREADABLE', 'a value, at line 2, column 7'],
    ['c.json', '{\n "p": 1,\n "\\u0070": 2 }', 'CONFIG_UNREADABLE', 'already, at line 3, column 2'],
    ['d.json', '{} hunter2', 'CONFIG_UNREADABLE', 'end of the file, at line 1, column 4'],
    ['e.json', '[1, ]', 'CONFIG_UNREADABLE', 'a value, at line 1, column 5'],
    ['f.json', '{ "p": "hunter2', 'CONFIG_UNREADABLE', 'a value, at line 1, column 8'],
    ['g.json', '['.repeat(9999), 'CONFIG_UNREADABLE', 'no more than 100 levels, at line 1'],
    ['a.yaml', 'p: hunter2\np: x', 'CONFIG_UNREADABLE', 'already, at line 2, column 1'],
    ['b.yaml', 'p: "hunter2', 'CONFIG_UNREADABLE', 'syntax is wrong, at line 1, column 12'],
    ['c.yaml', 'p: !hunter2 x', 'CONFIG_UNREADABLE', 'no tag of its own, at line 1, column 4'],
    ['d.yaml', 'p: !!binary aGk=', 'CONFIG_UNREADABLE', 'no tag of its own, at line 1'],
    ['e.yaml', 'a: 1\n---\np: hunter2', 'CONFIG_UNREADABLE', 'expected one document, at line 2'],
    ['f.yaml', 'p: *hunter2', 'CONFIG_UNREADABLE', 'leads nowhere, or to too much, at line 1'],
    ['g.yaml', BOMB, 'CONFIG_UNREADABLE', 'leads nowhere, or to too much, at line 20'],
    [
      'j.yaml',
      'p: &hunter2\n  q: [*hunter2]',
      'CONFIG_UNREADABLE',
      'stands in, at line 2, column 7',
    ],
    ['k.yaml', 'p: &a { q: &b { r: *a } }', 'CONFIG_UNREADABLE', 'stands in, at line 1'],
    ['h.yaml', '? [hunter2]\n: x', 'CONFIG_UNREADABLE', 'a text as key, at line 1, column 3'],
    ['i.yml', 'a:\n\t- hunter2', 'CONFIG_UNREADABLE', 'spaces and no tab, at line 2'],
    ['a.toml', 'p = "hunter2"\np = "x"', 'CONFIG_UNREADABLE', 'wrong, at line 2, column 1'],
    ['b.toml', 'p = "hunter2', 'CONFIG_UNREADABLE', 'syntax is wrong, at line 1, column '],
    ['c.toml', '[__proto__]\np = "hunter2"', 'CONFIG_UNREADABLE', 'at line 1, column 2'],
    ['named.ts', 'export const a = 1', 'CONFIG_UNREADABLE', 'found no default export'],
  ] as const)('%s is refused without quoting it', async ([name, text, code, message]) => {
    await using directory = await directoryOf(text === undefined ? {} : { [name]: text })
    const refusal = await loadConfigFile(name, directory.path, HERE).catch(
      (error: unknown) => error,
    )
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(String(refusal)).not.toContain('hunter2')
  })
})

describe('a configuration module', () => {
  test.for([
    ['a.ts', '\nexport default {{ hunter2', 'its syntax is wrong, at line 2, column 17'],
    ['a.mjs', '\nexport default {{ hunter2', 'its syntax is wrong, at line 2, column 17'],
    ['a.cjs', '\nmodule.exports = {{ hunter2', 'its syntax is wrong, at line 2, column 19'],
    ['b.ts', '\n throw new Error("hunter2")', 'threw an error when it ran, at line 2, column 8'],
    ['c.ts', 'import "nowhere-at-all"', 'something that it imports is not installed'],
    ['d.ts', 'import "./hunter2.ts"', 'something that it imports is not installed'],
    ['e.ts', 'export default { hunter2: () => 1 }', 'its default export is more than data'],
    ['f.ts', 'process.exit(1)\nexport default {}', 'it threw an error when it ran'],
  ] as const)('%s that is wrong is refused without quoting it', async ([name, text, message]) => {
    await using directory = await directoryOf({ [name]: text })
    const refusal = await loadConfigFile(name, directory.path, ANEW).catch(
      (error: unknown) => error,
    )
    expect(refusal).toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining(message),
    })
    expect(String(refusal)).not.toContain('hunter2')
  })

  test.for([
    ['a.ts', 'export default {{ hunter2'],
    ['a.cjs', 'module.exports = {{ hunter2'],
    ['b.ts', 'enum A { b = "hunter2" }\nexport default {}'],
    ['c.ts', 'import { hunter2 } from "node:fs"\nexport default {}'],
    ['d.ts', 'JSON.parse("hunter2")'],
    ['e.ts', 'export default { hunter2: () => "hunter2" }'],
    ['f.cjs', 'try { JSON.parse("hunter2") } catch (cause) { throw new Error("", { cause }) }'],
  ] as const)('%s that is wrong is quoted nowhere behind the refusal', async ([name, text]) => {
    await using directory = await directoryOf({ [name]: text })
    const loading = loadConfigFile(name, directory.path, ANEW)
    const refusal = await loading.catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'CONFIG_UNREADABLE' })
    expect(inspect(refusal, { depth: 9 })).not.toContain('hunter2')
  })

  test('that throws is told with its error, for those who ask', async () => {
    await using directory = await directoryOf({ 'a.ts': 'throw new Error("oops") // hunter2' })
    const loading = loadConfigFile('a.ts', directory.path, HERE)
    const refusal = await loading.catch((error: unknown) => error)
    expect(refusal).toMatchObject({ cause: { message: 'oops' } })
    expect(inspect(refusal)).not.toContain('hunter2')
  })

  test.for([
    ['export const a = {{ hunter2', 'its syntax is wrong, at line 1, column 19'],
    ['\nthrow new Error("hunter2")', 'threw an error when it ran, at line 2, column 7'],
    ['import "./hunter2.ts"', 'something that it imports is not installed'],
  ] as const)('is not blamed when what it imports is %j', async ([text, message]) => {
    await using directory = await directoryOf({
      'mailroom.config.ts': 'import "./inner.ts"\nexport default {}',
      'inner.ts': text,
    })
    const files: string[] = []
    const onFile = ({ file }: { readonly file: string }) => void files.push(file)
    const loading = loadConfigFile(undefined, directory.path, { ...ANEW, onFile })
    await expect(loading).rejects.toThrow(`"${directory.file('inner.ts')}": `)
    await expect(loading).rejects.toThrow(message)
    expect(files.slice(0, 2)).toEqual(['mailroom.config.ts', 'inner.ts'].map(directory.file))
  })

  test('is read anew with everything that it imports', async () => {
    await using directory = await directoryOf({
      'mailroom.config.ts':
        'import { a } from "./inner.ts"\nimport c from "./old.cjs"\nexport default { a, ...c }',
      'inner.ts': 'export const a: number = 1',
      'old.cjs': 'module.exports = { b: require("./data.json").b }',
      'data.json': '{ "b": 1 }',
    })
    const load = async () => loadConfigFile(undefined, directory.path, ANEW)
    expect(await load()).toMatchObject({
      content: { a: 1, b: 1 },
      imports: ['inner.ts', 'old.cjs', 'data.json'].map(directory.file),
    })
    await directory.put('inner.ts', 'export const a: number = 2')
    await directory.put('data.json', '{ "b": 2 }')
    expect(await load()).toMatchObject({ content: { a: 2, b: 2 } })
    await directory.put('mailroom.config.ts', 'export default { a: 3 }')
    expect(await load()).toMatchObject({ content: { a: 3 }, imports: [] })
  })

  test.for([
    ['mailroom.config.ts', (a: number) => `export default { a: ${a} as number }`],
    ['mailroom.config.js', (a: number) => `module.exports = { a: ${a} }`],
    ['mailroom.config.mjs', (a: number) => `export default { a: ${a} }`],
    ['mailroom.config.json', (a: number) => `{ "a": ${a} }`],
    ['mailroom.config.yaml', (a: number) => `a: ${a}`],
    ['mailroom.config.toml', (a: number) => `a = ${a}`],
  ] as const)('%s is read anew, also after it could not be', async ([name, text]) => {
    await using directory = await directoryOf({ [name]: text(1) })
    const looks = new Set<string>()
    const onFile = ({ file, look }: FileLook) => void (file.endsWith(name) && looks.add(look))
    const load = async () => loadConfigFile(undefined, directory.path, { ...ANEW, onFile })
    expect(await load()).toMatchObject({ content: { a: 1 } })
    await directory.put(name, '{{{')
    await expect(load()).rejects.toBeInstanceOf(ConfigUnreadableError)
    await directory.put(name, text(22))
    expect(await load()).toMatchObject({ content: { a: 22 } })
    expect(looks.size, 'who watches it sees each change').toBe(3)
  })

  test('finds this package wherever it lies, and sees the environment', async () => {
    await using directory = await directoryOf({
      'mailroom.config.ts':
        'import { defineConfig } from "mailroom"\n' +
        'export default defineConfig({ connections: { relay: process.env["RELAY"]! } })',
    })
    expect(
      await loadConfigFile(undefined, directory.path, { env: { RELAY: 'smtp://x' }, anew: true }),
    ).toMatchObject({ content: { connections: { relay: 'smtp://x' } } })
  })
})
