import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

test("the README's first command delivers three messages and says where they are", async () => {
  const { stdout } = await run('./dev', ['demo', '--json'], { cwd: ROOT })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
  const files = lines.filter(({ event }) => event === 'delivered').flatMap((line) => line['files'])
  expect(files).toHaveLength(3)
  for (const file of files) {
    expect(await readFile(String(file), 'utf8')).toContain('Message-ID: ')
  }
})

test('every document that the README and the documents link to is there', async () => {
  const pages = await readdir(join(ROOT, 'docs'), { recursive: true })
  const names = ['README.md', ...pages.map((page) => `docs/${page}`)].filter((name) =>
    name.endsWith('.md'),
  )
  for (const name of names) {
    const text = await readFile(join(ROOT, name), 'utf8')
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? '')
    for (const link of links) {
      await expect(
        readFile(resolve(ROOT, name, '..', link)),
        `${name}: ${link}`,
      ).resolves.toBeDefined()
    }
  }
})
