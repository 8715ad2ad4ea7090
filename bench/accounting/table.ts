import { POLICIES } from '../../test/chaos/accountant.ts'
import type { Run } from '../../test/chaos/run-case.ts'
import { figure, type Figure } from '../report/report.ts'

const COUNTS = [
  'messages',
  'delivered',
  'refused',
  'uncertain',
  'lost',
  'duplicated',
  'harm',
] as const

/** One run, as it ends. */
export function describeRun(run: Run): string {
  const counts = COUNTS.map((what) => `${what} ${run[what]}`).join(', ')
  const seconds = (run.ms / 1_000).toFixed(1)
  return `${run.name} | ${run.store} | ${run.policy} | ${counts} | ${seconds} s`
}

/** What came of all runs: a row for each fault under each policy, over all its stores, and sums. */
export function tableOf(runs: readonly Run[]): string {
  const policies = POLICIES.filter((policy) => runs.some((run) => run.policy === policy))
  return [
    row(['fault', 'stores', 'policy', ...COUNTS]),
    row(['---', '---', '---', ...COUNTS.map(() => '---:')]),
    ...policies.flatMap((policy) => {
      const under = runs.filter((run) => run.policy === policy)
      const faults = [...Map.groupBy(under, ({ name }) => name)]
      return [
        ...faults.map(([name, same]) => rowOf(name, policy, same)),
        rowOf(`**all under \`${policy}\`**`, policy, under),
      ]
    }),
    rowOf('**all**', '', runs),
  ].join('\n')
}

/** The sums under each policy, as the suite of benchmarks has them. */
export function figuresOf(runs: readonly Run[]): readonly Figure[] {
  return [...Map.groupBy(runs, ({ policy }) => policy)].flatMap(([policy, under]) =>
    COUNTS.map((what) => {
      const sum = under.reduce((count, run) => count + run[what], 0)
      return figure(policy, what, [sum])
    }),
  )
}

/** The sums under each policy alone. */
export function summaryOf(runs: readonly Run[]): string {
  const policies = POLICIES.filter((policy) => runs.some((run) => run.policy === policy))
  const sums = policies.map((policy) => {
    const under = runs.filter((run) => run.policy === policy)
    return row([`\`${policy}\``, ...countsOf(under)])
  })
  return [row(['policy', ...COUNTS]), row(['---', ...COUNTS.map(() => '---:')]), ...sums].join('\n')
}

function rowOf(name: string, policy: string, runs: readonly Run[]): string {
  const stores = [...new Set(runs.map(({ store }) => store))]
  return row([name, stores.join(', '), policy, ...countsOf(runs)])
}

function countsOf(runs: readonly Run[]): readonly string[] {
  const counts = COUNTS.map((what) => runs.reduce((sum, run) => sum + run[what], 0))
  return counts.map((count) => count.toLocaleString('en'))
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
