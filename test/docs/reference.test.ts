import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { referencePages } from '../../scripts/reference/pages.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

const pages = await referencePages(ROOT)

test.for(pages)('$file says what the code says: else run "npm run reference"', async (page) => {
  expect(await readFile(path.join(ROOT, page.file), 'utf8')).toBe(page.text)
})

test('the page about errors knows every code', async () => {
  const { text = '' } = pages.find(({ file }) => file.endsWith('errors.md')) ?? {}
  expect([...text.matchAll(/^- `[A-Z_]+`/gm)].length).toBeGreaterThan(50)
})
