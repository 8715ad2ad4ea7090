import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { expect, test } from 'vitest'

import { parseYamlText } from '../../src/cli/config/yaml-text.ts'
import { isMailroomError, parseConfig } from '../../src/index.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const page = await readFile(join(ROOT, 'docs/authentication.md'), 'utf8')
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({ title: text.split('\n', 1)[0] ?? '', text }))
const examples = sections.flatMap(({ title, text }) =>
  [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => [title, yaml] as const),
)

test.for(['Exchange Server', 'Exchange Online', 'Gmail', 'Amazon SES', 'SendGrid', 'Postfix'])(
  'the page about authentication has something to write for %s',
  (service) => {
    expect(examples.map(([title]) => title)).toContain(service)
  },
)

test.for(examples)('what is to be written for %s is a valid configuration: %s', ([, yaml]) => {
  const parsed = parseYamlText(yaml)
  expect(parsed).toMatchObject({ kind: 'parsed', content: { connections: {} } })
  const content = parsed.kind === 'parsed' ? parsed.content : undefined
  expect(problemsOf({ queue: 'redis://localhost', ...(content as object) })).toEqual([])
})

test('each sentence under "What goes wrong" is one that is said', async () => {
  const { text = '' } = sections.find(({ title }) => title === 'What goes wrong') ?? {}
  const sentences = [...text.matchAll(/^- `(.*?)`: /gm)].map(([, sentence = '']) => sentence)
  expect(sentences.length).toBeGreaterThan(8)
  const source = await readSource()
  const unsaid = sentences.filter((sentence) =>
    sentence
      .split(/…|\b\d{3}\b/)
      .map((part) => part.trim())
      .some((part) => !source.includes(part)),
  )
  expect(unsaid).toEqual([])
})

function problemsOf(config: object): readonly string[] {
  try {
    const { warnings } = parseConfig(config)
    // What is weak is shown as such; a port for something else is a mistake.
    return warnings.filter(({ code }) => code === 'PORT_TLS_MISMATCH').map(({ message }) => message)
  } catch (error) {
    if (isMailroomError(error)) return [error.message]
    throw error
  }
}

/** All of what connections may say, as one text without the ends of its string literals. */
async function readSource(): Promise<string> {
  const folder = join(ROOT, 'src/connections')
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return texts
    .join('\n')
    .replaceAll(/['`"]\s*\+\s*['`"]/g, '')
    .replaceAll("\\'", "'")
}
