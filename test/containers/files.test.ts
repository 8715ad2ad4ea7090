import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'

import { expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'

import { COMMANDS } from '../../src/cli/commands.ts'
import { parseConfig } from '../../src/connections/config.ts'
import { parseDuration } from '../../src/duration.ts'
import { REDIS_IMAGE } from '../support/docker.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

const service = z.object({
  image: z.string(),
  command: z.array(z.string()),
  build: z.string().optional(),
  user: z.string().optional(),
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  tmpfs: z.array(z.string()).optional(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()),
  secrets: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  healthcheck: z.object({ test: z.array(z.string()).optional() }).optional(),
  stop_grace_period: z.string().optional(),
  deploy: z.object({ replicas: z.number() }).optional(),
})
const compose = z.object({
  services: z.record(z.string(), service),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
})

type Service = z.output<typeof service>

const [file, dockerfile, page] = await Promise.all(
  ['docker-compose.yml', 'Dockerfile', 'docs/containers.md'].map((name) =>
    readFile(path.join(ROOT, name), 'utf8'),
  ),
)
const { services, secrets } = compose.parse(parse(file ?? '', { merge: true }))
const ours = Object.entries(services).filter(([, { image }]) => image.startsWith('mailroom:'))
const instructions = instructionsOf(dockerfile ?? '')

/** The instructions of a Dockerfile in order: comments gone, continued lines joined. */
function instructionsOf(text: string): readonly (readonly [name: string, rest: string])[] {
  return text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .flatMap((line) => {
      const [, name, rest] = /^(\w+) (.*)$/.exec(line) ?? []
      return name === undefined || rest === undefined ? [] : [[name, rest] as const]
    })
}

/** What the last of these instructions says. */
function last(name: string): string {
  return instructions.findLast(([one]) => one === name)?.[1] ?? ''
}

function jsonOf(text: string): readonly string[] {
  return z.array(z.string()).parse(JSON.parse(/\[.*\]/.exec(text)?.[0] ?? '[]'))
}

/** What a command line of ours gives for an option; the command knows every option that is given. */
async function optionsOf([name = '', ...args]: readonly string[]): Promise<
  Readonly<Record<string, unknown>>
> {
  const entry = COMMANDS[name]
  if (entry === undefined) throw new Error(`there is no command "${name}"`)
  const { options } = await entry.load()
  return parseArgs({ args, options }).values
}

test('the image and every service of it run a command that there is, with options that it has', async () => {
  expect(ours.map(([name]) => name).toSorted()).toEqual([
    'catch',
    'dashboard',
    'producer',
    'worker',
  ])
  expect(jsonOf(last('ENTRYPOINT'))).toEqual(['mailroom'])
  await expect(optionsOf(jsonOf(last('CMD')))).resolves.toMatchObject({ host: '0.0.0.0' })
  for (const [, { command }] of ours) await expect(optionsOf(command)).resolves.toBeDefined()
})

test('the worker of the compose file is started as the image starts it', () => {
  expect(services['worker']?.command).toEqual(jsonOf(last('CMD')))
  expect(services['worker']?.deploy?.replicas).toBe(2)
})

test('a container that is stopped gets more time than its worker takes', async () => {
  const worker = services['worker'] as Service
  const { 'stop-within': within } = await optionsOf(worker.command)
  const { stopWithin } = parseConfig({ connections: {} }).worker
  expect(parseDuration(String(within))).toBe(stopWithin)
  // 5 seconds for final dots without an answer, and 5 for QUIT and the store.
  const needed = stopWithin + 5000 + 5000
  expect(parseDuration(worker.stop_grace_period ?? '0s')).toBeGreaterThanOrEqual(needed)
  expect(last('STOPSIGNAL')).toBe('SIGTERM')
})

test('every probe asks the port that its service listens on', async () => {
  const probed = async (name: string, probe: readonly string[]): Promise<void> => {
    const { port } = await optionsOf(services[name]?.command ?? [])
    expect(new URL(probe.at(-1) ?? '').port).toBe(port)
    expect(probe.slice(0, -1).join(' ')).toMatch(/node \/app\/ready\.ts$/)
  }
  await probed('worker', jsonOf(last('HEALTHCHECK')))
  expect(last('HEALTHCHECK')).toContain('/readyz')
  for (const name of ['dashboard', 'catch']) {
    await probed(name, services[name]?.healthcheck?.test ?? [])
  }
  const { port } = await optionsOf(services['worker']?.command ?? [])
  expect(last('EXPOSE')).toBe(port)
})

test('ports are published on loopback only, and the page about containers names each', () => {
  const published = Object.values(services).flatMap(({ ports }) => ports)
  expect(published).toHaveLength(2)
  for (const mapping of published) {
    const [, variable, outside, inside] =
      /^127\.0\.0\.1:\$\{(\w+):-(\d+)\}:(\d+)$/.exec(mapping) ?? []
    expect(outside).toBe(inside)
    expect(page).toContain(`\`${variable}\``)
    expect(page).toContain(`127.0.0.1:${outside}`)
  }
})

test('nothing runs as root, writes beside its volumes, or keeps a capability', () => {
  expect(last('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  for (const one of Object.values(services)) {
    expect(one).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
    expect(one.user ?? last('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  }
  const foreign = Object.values(services).filter(({ image }) => !image.startsWith('mailroom:'))
  expect(foreign.map(({ user }) => user)).toEqual(['999:999'])
})

test('every image has a version, and a latest one is none', async () => {
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'))
  const bases = instructions.flatMap(([name, rest]) =>
    name === 'ARG' && rest.includes('_IMAGE=') ? [rest.split('=')[1] ?? ''] : [],
  )
  const stages = instructions.flatMap(([name, rest]) =>
    name === 'FROM' ? [rest.split(' ')[0] ?? ''] : [],
  )
  for (const stage of stages) expect(stage).toMatch(/^(\$\{\w+_IMAGE\}|packages-)/)
  const images = [...bases, ...Object.values(services).map(({ image }) => image)]
  for (const image of images) expect(image).toMatch(/^[\w/.-]+:(?!latest)[\w.-]+$/)
  for (const [, { image }] of ours) expect(image).toBe(`mailroom:${version}`)
  expect(bases[0]).toMatch(
    new RegExp(`^node:${(await readFile(path.join(ROOT, '.nvmrc'), 'utf8')).trim()}-`),
  )
})

test('packages are those of the lock file, without development and install scripts', () => {
  const installs = instructions.flatMap(([name, rest]) =>
    name === 'RUN' ? (rest.match(/npm (?:ci|install|i)\b[^&]*/g) ?? []) : [],
  )
  expect(installs).toHaveLength(2)
  for (const install of installs) expect(install).toMatch(/^npm ci .*--ignore-scripts/)
  expect(installs.filter((install) => install.includes('--omit=dev'))).toHaveLength(1)
})

test('whatever the package exports is in the image', async () => {
  const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'))
  const exported = Object.values(manifest.exports).map((target) =>
    typeof target === 'string' ? target : z.object({ default: z.string() }).parse(target).default,
  )
  const copied = instructions.flatMap(([name, rest]) =>
    name === 'COPY' && rest.endsWith('/app/') ? rest.split(' ').slice(0, -1) : [],
  )
  for (const one of [...exported, manifest.bin.mailroom]) {
    expect(['dist', ...copied]).toContain(one.replace('./', '').replace(/^dist\/.*/, 'dist'))
  }
})

test('the redis of the compose file loses nothing: append-only, and nothing is evicted', () => {
  const redis = services['redis']
  const settings = (redis?.command ?? []).join(' ')
  expect(settings).toContain('--appendonly yes')
  expect(settings).toContain('--maxmemory-policy noeviction')
  expect(redis?.volumes).toEqual(['redis:/data'])
  expect(REDIS_IMAGE).toBe(redis?.image)
})

test('the configuration beside the compose file is valid and finds its secrets where they are', async () => {
  const text = await readFile(path.join(ROOT, 'deploy/config/mailroom.config.json'), 'utf8')
  const { connections } = parseConfig(JSON.parse(text))
  expect(connections.names()).toEqual(['relay'])
  const mounted = [...text.matchAll(/\$\{file:\/run\/secrets\/([^}]+)\}/g)].map(([, name]) => name)
  expect(services['worker']?.secrets).toEqual(mounted)
  for (const name of mounted) {
    const [, example = ''] = /:-(.*)\}$/.exec(secrets[name ?? '']?.file ?? '') ?? []
    await expect(readFile(path.join(ROOT, example), 'utf8')).resolves.not.toBe('')
  }
})

test('what the image is built from is let through, and nothing that may hold a secret is', async () => {
  const lines = (await readFile(path.join(ROOT, '.dockerignore'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(lines[0]).toBe('*')
  const allowed = lines.slice(1).map((line) => line.replace(/^!/, ''))
  const copied = instructions.flatMap(([name, rest]) =>
    name === 'COPY' && !rest.startsWith('--from') ? rest.split(' ').slice(0, -1) : [],
  )
  const sources = new Set(copied.map((source) => source.replace('./', '')))
  expect(new Set(allowed)).toEqual(sources)
  expect(allowed.filter((name) => /secret|mailroom\.config|\.env/.test(name))).toEqual([])
})
