import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { loadConfiguration } from '../../src/cli/load-configuration.ts'
import { jsonLines, runCli } from '../support/cli.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

type Env = Readonly<Record<string, string>>

function surroundings(cwd: string, env: Env = {}) {
  return { cwd, env, isTerminal: false }
}

const YAML = `
queue: \${env:QUEUE_URL}
connections:
  Mail Server:
    server: mail.example.com
    auth: { method: basic, user: bob, password: "\${file:secrets/mail}" }
    tlsOptions: { ca: "\${file:/etc/ca.pem}" }
  cloud: smtp://api:\${env:CLOUD_KEY}@cloud.example.com
environments:
  production:
    connections:
      Mail Server: { server: mail.internal }
`

test('a configuration tells every file and variable that it was made from', async () => {
  await using directory = await temporaryDirectory()
  const file = path.join(directory.path, 'mailroom.config.yaml')
  await writeFile(file, YAML)
  const env = {
    MAILROOM_ENV: 'production',
    MAILROOM_CONNECTION_CLOUD: 'smtp://api:${env:OTHER_KEY}@other.example.com',
    MAILROOM_CONNECTION_NONE: '',
  }
  const loaded = await loadConfiguration({}, surroundings(directory.path, env))
  expect(loaded.sources).toEqual({
    files: [file],
    looks: new Map([[file, expect.any(String)]]),
    secretFiles: [path.join(directory.path, 'secrets/mail'), '/etc/ca.pem'],
    variables: ['MAILROOM_CONNECTION_CLOUD', 'QUEUE_URL', 'OTHER_KEY'],
  })
  expect(loaded.config.connections.list()).toMatchObject([
    { server: 'mail.internal', origin: { kind: 'file', file } },
    { server: 'other.example.com', origin: { kind: 'variable' } },
  ])
})

test('a configuration is read as it is each time', async () => {
  await using directory = await temporaryDirectory()
  const inner = path.join(directory.path, 'inner.ts')
  await writeFile(
    path.join(directory.path, 'mailroom.config.ts'),
    'import { server } from "./inner.ts"\nexport default { connections: { relay: { server } } }',
  )
  for (const server of ['first', 'second']) {
    await writeFile(inner, `export const server: string = '${server}'`)
    const here = surroundings(directory.path)
    const { config, sources } = await loadConfiguration({}, here, { anew: true })
    expect(config.connections.get('relay').server).toBe(server)
    expect(sources.files).toContain(inner)
  }
})

test('a flag names another environment than the variable', async () => {
  await using directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'mailroom.config.yaml'), YAML)
  const here = surroundings(directory.path, { MAILROOM_ENV: 'production', NODE_ENV: 'production' })
  const loading = loadConfiguration({ environment: 'prod' }, here)
  await expect(loading).rejects.toMatchObject({ code: 'UNKNOWN_ENVIRONMENT' })
  const { config } = await loadConfiguration({}, surroundings(directory.path, { NODE_ENV: 'x' }))
  expect(config.connections.get('Mail Server').server).toBe('mail.example.com')
})

test('variables alone are a configuration; without any there is the built-in one', async () => {
  await using directory = await temporaryDirectory()
  const env = { MAILROOM_CONNECTION_RELAY: 'smtp://relay.example.com' }
  const load = async (given: Env) =>
    loadConfiguration({}, surroundings(directory.path, given), { file: 'needed' })
  expect((await load(env)).config.connections.names()).toEqual(['relay'])
  await expect(load({})).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' })
  const { config, file } = await loadConfiguration({}, surroundings(directory.path))
  expect(config.connections.names()).toEqual(['default'])
  expect(file).toBeUndefined()
})

test('a file without content is refused and not replaced by the built-in one', async () => {
  await using directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'mailroom.config.yaml'), '# nothing yet\n')
  await expect(loadConfiguration({}, surroundings(directory.path))).rejects.toMatchObject({
    code: 'INVALID_CONFIGURATION',
  })
})

test('commands warn of a second configuration file and name both', async () => {
  await using directory = await temporaryDirectory()
  for (const name of ['mailroom.config.yaml', 'mailroom.config.toml']) {
    await writeFile(path.join(directory.path, name), '')
  }
  await writeFile(
    path.join(directory.path, 'mailroom.config.yaml'),
    'connections: { relay: "smtp://relay.example.com" }',
  )
  const result = await runCli(['connections', 'list', '--json'], {
    cwd: directory.path,
    env: { MAILROOM_CONNECTION_BULK: 'smtp://api:hunter2@bulk.example.com' },
  })
  expect(result.code).toBe(0)
  expect(jsonLines(result.err)).toMatchObject([
    {
      event: 'warning',
      code: 'SEVERAL_CONFIG_FILES',
      message: expect.stringMatching(/mailroom\.config\.yaml.*mailroom\.config\.toml/),
    },
  ])
  expect(jsonLines(result.out)).toMatchObject([{ connection: 'relay' }, { connection: 'bulk' }])
  expect(result.out + result.err).not.toContain('hunter2')
})

test('a file that is demanded is not made up for by variables', async () => {
  await using directory = await temporaryDirectory()
  const env = { MAILROOM_CONNECTION_RELAY: 'smtp://relay.example.com' }
  const load = (file: 'demanded' | 'needed') =>
    loadConfiguration({}, surroundings(directory.path, env), { file })
  expect((await load('needed')).config.connections.names()).toEqual(['relay'])
  await expect(load('demanded')).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' })
})

test('a configuration without connection managers is refused where they are needed', async () => {
  await using directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'mailroom.config.json'), '{}')
  const load = (needsConnections: boolean) =>
    loadConfiguration({}, surroundings(directory.path), { needsConnections })
  expect((await load(false)).config.connections.names()).toEqual([])
  await expect(load(true)).rejects.toMatchObject({
    code: 'INVALID_CONFIGURATION',
    message: expect.stringContaining('at least one connection manager'),
  })
})
