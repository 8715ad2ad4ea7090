import path from 'node:path'

import { format, resolveConfig } from 'prettier'

import { commandsPage } from './commands.ts'
import { configurationPage } from './configuration.ts'
import { errorsPage } from './errors.ts'
import { configJsonSchema } from './json-schema.ts'
import { problemsPage } from './problems.ts'
import { rulesPage } from './rules.ts'

/** A file, most of them a page of docs/reference, as the code says that it must be. */
export interface ReferencePage {
  /** From the root of the repository. */
  readonly file: string
  readonly text: string
}

/** Every page that is made from the code, formatted like the pages that people write. */
export async function referencePages(root: string): Promise<readonly ReferencePage[]> {
  const src = path.join(root, 'src')
  return Promise.all([
    page(root, 'docs/reference/commands.md', await commandsPage()),
    page(root, 'docs/reference/configuration.md', configurationPage()),
    page(root, 'docs/reference/errors.md', await errorsPage(src)),
    page(root, 'docs/reference/problems.md', problemsPage()),
    page(root, 'docs/reference/rules.md', rulesPage()),
    page(root, 'mailroom.schema.json', JSON.stringify(configJsonSchema(), null, 2)),
  ])
}

async function page(root: string, file: string, text: string): Promise<ReferencePage> {
  const options = await resolveConfig(path.join(root, file))
  return { file, text: await format(text, { ...options, filepath: file }) }
}
