import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { format } from 'prettier'

const PAGE = join(import.meta.dirname, '../../docs/delivery.md')
const BEGIN = '<!-- what follows is written by bench/accounting.ts -->'
const END = '<!-- what was written ends here -->'

/** Puts what was measured in the place of what was measured before. */
export async function writeToPage(measured: string): Promise<void> {
  const [before, ...rest] = (await readFile(PAGE, 'utf8')).split(BEGIN)
  const [, after] = rest.join(BEGIN).split(END)
  if (before === undefined || after === undefined) throw new Error(`"${PAGE}" has no place for it`)
  const page = `${before}${BEGIN}\n\n${measured}\n\n${END}${after}`
  await writeFile(PAGE, await format(page, { parser: 'markdown', printWidth: 100 }))
}
