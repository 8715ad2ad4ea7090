import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { COMMANDS, GROUPS } from '../../src/cli/commands.ts'
import { EXIT_MEANINGS } from '../../src/cli/exit-codes.ts'
import { HELP } from '../../src/cli/help.ts'
import { LEVEL_OF } from '../../src/telemetry/log-levels.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

const DOCS = path.resolve(import.meta.dirname, '../../docs')

/** A page, without the spaces that fill up the columns of its tables. */
async function read(name: string): Promise<string> {
  const text = await readFile(path.join(DOCS, name), 'utf8')
  return text.replaceAll(/ +\|/g, ' |')
}

/** The command lines in the examples of a page or a help text, without prompts, pipes and files. */
function examplesIn(
  text: string,
): readonly (readonly [command: string, options: readonly string[]])[] {
  const joined = text.replaceAll(/\\\n\s*/g, '')
  return [...joined.matchAll(/^ *(?:[A-Z_]+=\S+ )?mailroom (\w+)([^|<;\n]*)/gm)].map(
    ([, word = '', rest = '']) => [nameOf(word, rest), rest.match(/(?<=\s)--[\w-]+/g) ?? []],
  )
}

function nameOf(word: string, rest: string): string {
  return word in GROUPS ? `${word} ${/^ (\w+)/.exec(rest)?.[1] ?? ''}` : word
}

async function helpOf(command: string): Promise<string> {
  return ((await COMMANDS[command]?.load())?.help ?? '') + HELP
}

test.for(['cli.md', 'operations.md'])(
  'the commands of %s have the options that it uses',
  async (page) => {
    const blocks = [...(await read(page)).matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block)
    const examples = examplesIn(blocks.join('\n'))
    expect(examples.length).toBeGreaterThan(2)
    for (const [command, options] of examples) {
      expect(Object.keys(COMMANDS)).toContain(command)
      for (const option of options) expect(await helpOf(command)).toContain(option)
    }
  },
)

test.for(Object.keys(COMMANDS))(
  'the examples in the help of %s use its own options',
  async (name) => {
    const help = await helpOf(name)
    const [description = '', examples = ''] = help.split(/\nExamples?:\n/)
    for (const [command, options] of examplesIn(examples)) {
      const known = command === name ? description + HELP : await helpOf(command)
      for (const option of options) expect(known).toContain(option)
    }
  },
)

test('every command and every exit code is documented', async () => {
  const page = await read('cli.md')
  for (const name of Object.keys(COMMANDS)) expect(page).toContain(`\n| \`${name}\` | `)
  for (const [code, meaning] of Object.entries(EXIT_MEANINGS)) {
    expect(page).toContain(`\n| ${code} | ${meaning} |\n`)
  }
})

test('every metric is documented with its type, and no other', async () => {
  const page = await read('operations.md')
  const depths = {
    names: () => [],
    depth: () => Promise.reject(new Error('not asked')),
    workers: () => Promise.reject(new Error('not asked')),
  }
  const metrics = await createMetrics({ depths, ofProcess: false }).registry.getMetricsAsJSON()
  const documented = [...page.matchAll(/^\| `(mailroom_\w+)` \| (\w+) \|/gm)]
  expect(new Set(documented.map(([, name, type]) => `${name} ${type}`))).toEqual(
    new Set(metrics.map(({ name, type }) => `${name} ${String(type)}`)),
  )
})

test('every event is documented at its level', async () => {
  const page = await read('operations.md')
  for (const [event, level] of Object.entries(LEVEL_OF)) {
    expect(page).toMatch(new RegExp(`^\\| \`${level}\` \\| .*\`${event}\``, 'm'))
  }
})
