import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** The rows of tables whose first cell has `what` in it, as counts by column; the last ones count. */
async function countsIn(page: string, what: string): Promise<Readonly<Record<string, number>>> {
  const lines = (await readFile(join(ROOT, page), 'utf8')).split('\n')
  const written = lines.slice(lines.findIndex((line) => line.includes('bench/accounting.ts -->')))
  const names = cellsOf(written.find((line) => line.startsWith('|')))
  const counts = cellsOf(written.find((line) => cellsOf(line)[1]?.includes(what)))
  const pairs = names.map(
    (name, index) => [name, Number(counts[index]?.replaceAll(',', ''))] as const,
  )
  return Object.fromEntries(pairs.filter(([, count]) => Number.isInteger(count)))
}

test.for([['hold'], ['resend'], ['accept']] as const)(
  'the README tells of `%s` what was measured',
  async ([policy]) => {
    const measured = await countsIn('docs/delivery.md', `all under \`${policy}\``)
    expect(measured).toHaveProperty('messages')
    expect(await countsIn('README.md', `\`${policy}\``)).toEqual(measured)
  },
)

test('what was measured keeps the promise, over 20,000 messages at least', async () => {
  const held = await countsIn('docs/delivery.md', 'all under `hold`')
  const resent = await countsIn('docs/delivery.md', 'all under `resend`')
  const all = await countsIn('docs/delivery.md', '**all**')
  expect(held).toMatchObject({ lost: 0, duplicated: 0 })
  expect(resent).toMatchObject({ lost: 0 })
  expect(resent['duplicated']).toBeLessThanOrEqual(resent['uncertain'] ?? 0)
  expect(all['messages']).toBeGreaterThanOrEqual(20_000)
})

function cellsOf(line = ''): readonly string[] {
  return line.split('|').map((cell) => cell.trim())
}
