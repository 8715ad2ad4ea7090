import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { projectWithPackage } from './installed-package.ts'
import { readerPorts } from './reader-ports.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

/** npm packs, resolves and installs a whole package with all that it depends on. */
const INSTALL_MS = 180_000

test(
  "the README's program runs as written in an empty project",
  { timeout: INSTALL_MS },
  async () => {
    await using project = await projectWithPackage()
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
    const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
    expect(program.trim().split('\n').length, 'ten lines').toBeLessThanOrEqual(10)
    await writeFile(join(project.path, 'program.ts'), program)

    await using _ports = await readerPorts()
    const development = spawn(
      process.execPath,
      [join(project.path, 'node_modules/mailroom/dist/cli/main.js'), 'dev', '--json'],
      { cwd: project.path, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    try {
      let printed = ''
      development.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
      await expect.poll(() => printed).toContain('"event":"ready"')
      const { stdout } = await run(process.execPath, ['program.ts'], { cwd: project.path })
      expect(stdout).toContain("state: 'delivered'")
      expect(stdout).toContain("address: 'ann@example.com'")
      const mails = await readdir(join(project.path, '.mailroom/mails'))
      expect(mails.filter((name) => name.endsWith('.eml'))).toHaveLength(1)
    } finally {
      if (development.exitCode === null) {
        development.kill('SIGINT')
        await once(development, 'exit')
      }
    }
    expect(development.exitCode).toBe(0)
  },
)

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
