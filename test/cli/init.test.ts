import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { loadConfigFile } from '../../src/cli/config-file.ts'
import { FORMATS, TEMPLATE } from '../../src/cli/config/templates.ts'
import { parseConfig } from '../../src/connections/config.ts'
import { jsonLines, runCli, startCli } from '../support/cli.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test.for(FORMATS)('a first configuration in %s is valid wherever it counts', async (format) => {
  await using directory = await temporaryDirectory()
  const { code, out } = await runCli(['init', '--format', format], { cwd: directory.path })
  const file = path.join(directory.path, `mailroom.config.${format}`)
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`wrote ${file}\n`) })
  expect(out).toContain('mailroom dev ')
  const loaded = await loadConfigFile(undefined, directory.path, { env: {}, anew: true })
  const { $schema: _, ...content } = Object(loaded?.content)
  expect(content).toEqual(TEMPLATE)
  const read = (environment?: string) => {
    const { queue, connections } = parseConfig(loaded?.content, { environment })
    const [relay] = connections.list()
    return { queue: queue?.reveal(), names: connections.names(), relay }
  }
  expect(read()).toMatchObject({
    queue: 'embedded:.mailroom/store',
    names: ['relay'],
    relay: { server: 'relay.example.com', tls: 'starttls', auth: { method: 'anonymous' } },
  })
  expect(read('staging')).toMatchObject({ relay: { redirectAll: 'staging@example.com' } })
  expect(read('production')).toMatchObject({
    queue: '${env:QUEUE_URL}',
    relay: { auth: { password: '${env:RELAY_PASSWORD}' } },
  })
})

test.for([
  ['json', /"\$schema": "(.+)"/],
  ['yaml', /^# yaml-language-server: \$schema=(.+)\n/],
  ['toml', /^#:schema (.+)\n/],
] as const)('%s refers to the JSON Schema that the program has', async ([format, reference]) => {
  await using directory = await temporaryDirectory()
  await runCli(['init', '--format', format], { cwd: directory.path })
  const text = await readFile(path.join(directory.path, `mailroom.config.${format}`), 'utf8')
  const schema = reference.exec(text)?.[1] ?? ''
  expect(JSON.parse(await readFile(path.resolve(directory.path, schema), 'utf8'))).toMatchObject({
    title: 'Configuration of Mailroom',
  })
})

test('a configuration that is there stays, whatever its format, unless it is forced', async () => {
  await using directory = await temporaryDirectory()
  const file = path.join(directory.path, 'mailroom.config.yaml')
  await writeFile(file, 'connections: {}')
  const init = async (...args: readonly string[]) =>
    runCli(['init', '--json', ...args], { cwd: directory.path })

  const refused = await init('--format', 'toml')
  expect(refused.code).toBe(3)
  expect(jsonLines(refused.err)).toMatchObject([
    { code: 'CONFIG_EXISTS', message: expect.stringContaining(file) },
  ])
  expect(await readdir(directory.path)).toEqual(['mailroom.config.yaml'])
  expect((await init('--format', 'yaml')).code).toBe(3)
  expect(await readFile(file, 'utf8')).toBe('connections: {}')

  const shadowed = await init('--format', 'toml', '--force')
  expect(shadowed.code).toBe(0)
  expect(jsonLines(shadowed.err)).toMatchObject([
    { code: 'SEVERAL_CONFIG_FILES', message: expect.stringContaining(file) },
  ])
  const forced = await init('--format', 'yaml', '--force')
  expect(jsonLines(forced.out)).toEqual([{ event: 'written', file, format: 'yaml' }])
  expect(await readFile(file, 'utf8')).toContain('relay.example.com')
})

test('a format that nobody knows is a usage error', async () => {
  await using directory = await temporaryDirectory()
  const { code, err } = await runCli(['init', '--format', 'ini'], { cwd: directory.path })
  expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('ts, json, yaml') })
  expect(await readdir(directory.path)).toEqual([])
})

test('the commands that it names next work with what it wrote', async () => {
  await using directory = await temporaryDirectory()
  const { out } = await runCli(['init', '--format', 'toml'], { cwd: directory.path })
  const ports = ['--smtp-port', '0', '--port', '0', '--health-port', '0']
  await using dev = startCli(['dev', ...ports, '--json'], { cwd: directory.path })
  await expect.poll(() => dev.out + dev.err).toContain('"event":"ready"')
  const [, send = ''] = /^ {2}mailroom (send .*)$/m.exec(out) ?? []
  const sent = await runCli([...send.split(' '), '--wait', '--json'], { cwd: directory.path })
  expect(jsonLines(sent.out)).toMatchObject([{ event: 'accepted' }, { event: 'delivered' }])
  dev.signal('SIGINT')
  expect((await dev.result).code).toBe(0)
})
