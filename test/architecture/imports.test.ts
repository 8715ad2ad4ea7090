import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'

import { expect, test } from 'vitest'

const SRC = resolve(import.meta.dirname, '../../src')

/** Who may import whom. Everyone may use the files at the top of src that EVERYONES names. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  smtp: [],
  store: [],
  job: ['smtp'],
  connections: ['smtp'],
  queue: ['job', 'store'],
  ledger: ['job', 'smtp', 'store'],
  content: ['job', 'smtp', 'store'],
  fleet: ['connections', 'store'],
  producer: ['smtp', 'job', 'queue', 'ledger', 'content', 'connections', 'fleet', 'store'],
  worker: ['smtp', 'job', 'connections', 'queue', 'ledger', 'content', 'fleet', 'store'],
  telemetry: ['smtp', 'job', 'worker/events.ts', 'queue/queues.ts'],
  server: ['telemetry', 'smtp', 'job', 'connections', 'store', 'queue', 'ledger', 'producer'],
}
const EVERYONES = ['errors.ts', 'duration.ts', 'version.ts']

/** Packages with one home. A star means: for its types everywhere. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  bullmq: ['queue'],
  'ioredis*': ['store'],
  'pg*': ['store'],
  nodemailer: ['connections', 'worker/mime'],
  fastify: ['server'],
}

interface Import {
  readonly from: string
  readonly to: string
  readonly isType: boolean
  /** `import('…')`: loaded when it is needed, so that it makes no circle. */
  readonly isLazy: boolean
}

const imports = await readImports()

test('there is source to check', () => {
  expect(imports.length).toBeGreaterThan(100)
  expect(imports.filter(({ isLazy }) => isLazy).length).toBeGreaterThan(10)
})

test('folders import only what lies below them', () => {
  const breaches = imports
    .filter(({ from, to }) => isInside(to) && !mayImport(from, inSrc(to)))
    .map(({ from, to }) => `${from} imports ${inSrc(to)}`)
  expect(breaches).toEqual([])
})

test('every package that has a home is imported only there', () => {
  const breaches = imports
    .filter(({ to }) => !isInside(to))
    .filter(({ from, to, isType }) => {
      const home = Object.entries(HOMES).find(([name]) => packageOf(to) === name.replace('*', ''))
      if (home === undefined || (isType && home[0].endsWith('*'))) return false
      return !home[1].some((place) => from === place || from.startsWith(`${place}/`))
    })
    .map(({ from, to }) => `${from} imports ${to}`)
  expect(breaches).toEqual([])
})

test('nobody imports in a circle', () => {
  const graph = new Map<string, string[]>()
  for (const { from, to, isType, isLazy } of imports) {
    if (isInside(to) && !isType && !isLazy) graph.set(from, [...(graph.get(from) ?? []), inSrc(to)])
  }
  expect(circleIn(graph)).toBeUndefined()
})

function mayImport(from: string, to: string): boolean {
  if (EVERYONES.includes(to)) return true
  const folder = folderOf(from)
  if (folder === '' || folder === 'cli') return true
  if (folderOf(to) === folder) return true
  return (MAY_IMPORT[folder] ?? []).some(
    (allowed) => to === allowed || to.startsWith(`${allowed}/`),
  )
}

async function readImports(): Promise<readonly Import[]> {
  const names = await readdir(SRC, { recursive: true })
  const files = names.filter((name) => name.endsWith('.ts'))
  const found = await Promise.all(
    files.map(async (from) => {
      const source = await readFile(join(SRC, from), 'utf8')
      return [
        ...source.matchAll(/^(?:import|export)\s(type\s)?[^'"]*?from\s+['"]([^'"]+)['"]/gm),
        // In the code, wherever it stands; `typeof import('…')` and the like are types.
        ...source.matchAll(/(?<!(?:typeof|[:<|]) )()\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm),
      ].map(([, type, specifier]): Import => ({
        from,
        to: specifier?.startsWith('.') ? join(SRC, dirname(from), specifier) : (specifier ?? ''),
        isType: type !== undefined && type !== '',
        isLazy: type === '',
      }))
    }),
  )
  return found.flat()
}

const isInside = (to: string): boolean => to.startsWith(SRC)
const inSrc = (to: string): string => relative(SRC, to)
const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '')
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

function circleIn(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const next of graph.get(file) ?? []) {
      const circle = walk(next, [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const circle = walk(file, [])
    if (circle) return circle
  }
  return undefined
}
