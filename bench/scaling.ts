/**
 * What two loads need, computed by the model of docs/scaling.md from what the benchmarks measured.
 *
 *   ./dev run bench/scaling.ts [--write] [FILE …]
 *
 * Files are results of the suite, or what `--json` of one benchmark wrote; a later one wins. By default it
 * is `bench/results/latest.json`. It takes throughput, scale-out, redis-cost and ledger-bytes.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { writeToPage } from './report/page.ts'
import { describeNumber, type Report } from './report/report.ts'
import type { Results } from './suite/markdown.ts'
import { coefficientsOf, needsOf, type Coefficients, type Demand } from './suite/scaling-model.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
})

const SHARED = { sessionMs: 50, ledgerDays: 7, outageHours: 1 }
const DEMANDS: readonly Demand[] = [
  { name: '1 million an hour, peak 3', perSecond: 1e6 / 3_600, peak: 3, ...SHARED },
  { name: '1 billion a day, peak 2', perSecond: 1e9 / 86_400, peak: 2, ...SHARED },
]

const latest = join(import.meta.dirname, 'results/latest.json')
const files = positionals.length === 0 ? [latest] : positionals
const reports = (await Promise.all(files.map(reportsIn))).flat().toReversed()
const page = pageOf(coefficientsOf(reports))
if (values.write) await writeToPage('docs/scaling.md', 'bench/scaling.ts', page)
else console.log(page)

async function reportsIn(file: string): Promise<readonly Report[]> {
  const found = JSON.parse(await readFile(file, 'utf8')) as Results | Report
  return 'reports' in found ? found.reports : [found]
}

function pageOf(cost: Coefficients): string {
  const { workerMs, storeMs, ledgerPart, waitingBytes, ledgerBytes } = cost
  const needs = DEMANDS.map((demand) => needsOf(demand, cost))
  const number = describeNumber
  return [
    table(
      ['coefficient', 'measured', 'by'],
      [
        ['`w`', `${number(workerMs)} ms`, '`throughput`'],
        ['`s`', `${number(storeMs)} ms`, '`throughput`'],
        ['`g`', number(ledgerPart), '`scale-out`'],
        ['`q`', `${number(waitingBytes)} bytes`, '`redis-cost`'],
        ['`l`', `${number(ledgerBytes)} bytes`, '`ledger-bytes`'],
      ],
    ),
    table(
      ['', ...DEMANDS.map(({ name }) => name)],
      [
        ['messages a second, at the peak', ...needs.map((one) => number(one.peakPerSecond))],
        ['sessions', ...needs.map(({ sessions }) => number(sessions))],
        ['worker processes', ...needs.map(({ workers }) => number(workers))],
        ['Redis nodes', ...needs.map(({ redisCores }) => number(redisCores))],
        ['fleets, for the node of the ledger', ...needs.map(({ fleets }) => number(fleets))],
        ['ledger of seven days', ...needs.map((one) => bytes(one.ledgerBytes))],
        ['waiting after an hour’s outage', ...needs.map((one) => bytes(one.outageBytes))],
      ],
    ),
  ].join('\n\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function bytes(many: number): string {
  return many >= 1e12 ? `${describeNumber(many / 1e12)} TB` : `${describeNumber(many / 1e9)} GB`
}
