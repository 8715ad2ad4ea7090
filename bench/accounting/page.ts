import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { format } from 'prettier'

const ROOT = join(import.meta.dirname, '../..')
const BEGIN = '<!-- what follows is written by bench/accounting.ts -->'
const END = '<!-- what was written ends here -->'

/** Puts what was measured into a page of the repository, in the place of what was measured before. */
export async function writeToPage(page: string, measured: string): Promise<void> {
  const path = join(ROOT, page)
  const [before, ...rest] = (await readFile(path, 'utf8')).split(BEGIN)
  const [, after] = rest.join(BEGIN).split(END)
  if (before === undefined || after === undefined) throw new Error(`"${page}" has no place for it`)
  const text = `${before}${BEGIN}\n\n${measured}\n\n${END}${after}`
  await writeFile(path, await format(text, { parser: 'markdown', printWidth: 100 }))
}
