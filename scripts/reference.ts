// Writes docs/reference from the code: node scripts/reference.ts. A test compares the two.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { referencePages } from './reference/pages.ts'

const root = path.resolve(import.meta.dirname, '..')
for (const { file, text } of await referencePages(root)) {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true })
  await writeFile(path.join(root, file), text)
}
