import { expect, test } from 'vitest'

import { LACKS, type FaultKind } from '../../src/smtp/fault.ts'
import { parseProvider } from '../../src/smtp/provider.ts'
import { listRules } from '../../src/smtp/rules/catalog.ts'
import { STAGES } from '../../src/smtp/stage.ts'
import type { JudgeContext } from '../../src/smtp/verdict.ts'
import { judgeFault, judgeLack, judgeReply } from './judged.ts'
import { basicTable } from './reply-tables/basic.ts'
import { enhancedTable } from './reply-tables/enhanced.ts'
import { providerTable } from './reply-tables/provider.ts'
import { securityTable } from './reply-tables/security.ts'
import { stagesTable } from './reply-tables/stages.ts'

const TABLES = { stagesTable, basicTable, enhancedTable, securityTable, providerTable }

test.for(Object.entries(TABLES))('every reply of the %s is judged as it says', ([, table]) => {
  const [head = '', ...rows] = linesOf(table)
  expect(rows.length).toBeGreaterThan(10)
  const judged = rows.map((row) => {
    const [stage = '', reply = '', server = ''] = cellsOf(row)
    const { message, manager, scope, rule } = judgeAt(stage, reply, server)
    return [stage, reply, server, message, manager, scope, rule]
  })
  expect(cellsOf(head)).toHaveLength(7)
  expect(judged).toEqual(rows.map(cellsOf))
})

test('the tables leave no rule out', () => {
  const told = Object.values(TABLES).flatMap((table) =>
    linesOf(table).map((row) => cellsOf(row).at(-1) ?? ''),
  )
  const silences = STAGES.flatMap((stage) =>
    FAULTS.map((kind) => judgeFault(stage, kind).rule).concat(
      ['499 no', '599 no'].map((line) => judgeReply(stage, line).rule),
    ),
  )
  const lacking = LACKS.map((lacks) => judgeLack(lacks).rule)
  const ids = new Set([...told, ...silences, ...lacking])
  const leftOut = listRules().filter(({ id }) => ![...ids].some((rule) => isOf(rule, id)))
  expect(leftOut).toEqual([])
})

test('every rule has an id of its own, a condition and a source', () => {
  const rules = listRules()
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
  for (const { when, source } of rules) {
    expect(when).not.toBe('')
    expect(source).not.toBe('')
  }
})

const FAULTS: readonly FaultKind[] = [
  'timeout',
  'closed',
  'dns',
  'refused',
  'tls',
  'auth',
  'protocol',
  'unsupported',
  'aborted',
]

/** `gmail`, `-` for an unknown server; behind a plus what the transaction was like. */
function judgeAt(stage: string, reply: string, server: string) {
  const [name = '', circumstance] = server.split('+')
  const provider = parseProvider(name)
  const known = STAGES.find((one) => one === stage)
  if (known === undefined) throw new Error(`"${stage}" is no stage`)
  return judgeReply(known, reply, { provider, ...CIRCUMSTANCES[circumstance ?? ''] })
}

const CIRCUMSTANCES: Readonly<Record<string, JudgeContext>> = {
  accepted: { acceptedBefore: true },
  first: { splitBefore: false },
  parameters: { mayDropParameters: true },
}

function linesOf(table: string): readonly string[] {
  return table.trim().split('\n')
}

function cellsOf(row: string): readonly string[] {
  return row.split('|').map((cell) => cell.trim())
}

/** Whether a verdict's rule is the one that the catalogue calls `id`. */
function isOf(rule: string, id: string): boolean {
  const pattern = id
    .replaceAll('.', '\\.')
    .replace('STAGE', '\\w+')
    .replace('FAULT', `(?:${FAULTS.join('|')})`)
    .replace(/^basic\\\.(\d+)-(\d+)/, (_, from: string, to: string) => {
      const codes = Array.from({ length: Number(to) - Number(from) + 1 }, (__, at) => at)
      return `basic\\.(?:${codes.map((at) => Number(from) + at).join('|')})`
    })
  return new RegExp(`^${pattern}$`).test(rule)
}
