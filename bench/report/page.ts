import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { format, resolveConfig } from 'prettier'

const ROOT = join(import.meta.dirname, '../..')
const END = '<!-- what was written ends here -->'

/**
 * Puts what was measured by a program into a page of the repository, in the place of what it has
 * measured before: between a line that names the program, and the next that says where it ends.
 */
export async function writeToPage(page: string, program: string, measured: string): Promise<void> {
  const path = join(ROOT, page)
  const text = await readFile(path, 'utf8')
  const begin = `<!-- what follows is written by ${program} -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(END, from)
  if (from === -1 || to === -1) throw new Error(`"${page}" has no place for "${program}"`)
  const fresh = `${text.slice(0, from)}${begin}\n\n${measured}\n\n${text.slice(to)}`
  await writeFile(path, await format(fresh, { ...(await resolveConfig(path)), parser: 'markdown' }))
}
