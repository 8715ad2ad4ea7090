import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { writeToPage } from '../report/page.ts'
import { describeSpread, type Report } from '../report/report.ts'
import { chartOf } from './chart.ts'
import { sentenceOf, type Machine } from './machine.ts'
import { ratioTable, sectionOf } from './markdown.ts'

const PROGRAM = 'bench/run.ts'
const CHART = join(import.meta.dirname, '../../docs/performance.svg')
const IMAGE = '![Messages per second of each](docs/performance.svg)'

/** So many rounds make a spread. */
const FEWEST_ROUNDS = 5

/**
 * Puts the main measure into the documentation and the README, with its chart.
 *
 * Throws when it has too few rounds to be one.
 */
export async function publish(throughput: Report, machine: Machine): Promise<void> {
  const rounds = Number(throughput.settings['rounds'])
  if (rounds < FEWEST_ROUNDS) {
    throw new Error(`--write: expected ${FEWEST_ROUNDS} rounds at least, got ${rounds}`)
  }
  await writeFile(CHART, chartOf(throughput, machine))
  const page = `${sentenceOf(machine)}.\n\n${sectionOf(throughput)}`
  await writeToPage('docs/performance.md', PROGRAM, page)
  await writeToPage('README.md', PROGRAM, summaryOf(throughput))
}

/** What is aimed at alone. */
function summaryOf({ ratios = [], absent = {}, figures }: Report): string {
  const aims = ratios.filter(({ aim }) => aim !== undefined)
  const missing = Object.keys(absent).map((name) => `${name} could not take part.`)
  const ours = figures.find(({ of, what }) => of.includes('Redis') && what === 'messages/s')
  const speed = ours === undefined ? '' : `${describeSpread(ours)} messages per second on Redis.`
  return [IMAGE, ratioTable(aims), [speed, ...missing].join(' ')].join('\n\n')
}
