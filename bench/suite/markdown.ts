import { describeNumber, describeSpread, type Ratio, type Report } from '../report/report.ts'
import { sentenceOf, type Machine } from './machine.ts'

/** What a run of the suite told. */
export interface Results {
  readonly machine: Machine
  readonly isQuick: boolean
  readonly reports: readonly Report[]
  /** Programs that ended badly. */
  readonly failed: readonly string[]
  /** Programs that did not run, and why. */
  readonly leftOut: Readonly<Record<string, string>>
}

/** All of it, as a page. */
export function pageOf(results: Results): string {
  const { machine, isQuick, reports, failed, leftOut } = results
  return [
    `# Benchmarks${isQuick ? ', a quick run: not for comparing' : ''}`,
    `${sentenceOf(machine)}.`,
    ...reports.map((report) => `## ${report.benchmark}\n\n${sectionOf(report)}`),
    ...(failed.length === 0 ? [] : [`Ended badly: ${failed.join(', ')}.`]),
    ...Object.entries(leftOut).map(([name, why]) => `Left out: ${name}, ${why}.`),
  ].join('\n\n')
}

/** One report: a row for everybody, a column for everything, then the ratios. */
export function sectionOf(report: Report): string {
  const { settings, leftOut, figures, ratios = [], absent = {} } = report
  const whats = [...new Set(figures.map(({ what }) => what))]
  const rows = [...Map.groupBy(figures, ({ of }) => of)].map(([of, own]) => {
    const cells = whats.map((what) => own.find((one) => one.what === what))
    return row([of, ...cells.map((cell) => (cell === undefined ? '' : describeSpread(cell)))])
  })
  const set = Object.entries(settings).map((pair) => pair.join(' '))
  return [
    [row(['', ...whats]), row(['---', ...whats.map(() => '---:')]), ...rows].join('\n'),
    ...(ratios.length === 0 ? [] : [ratioTable(ratios)]),
    `Median and spread; ${set.join(', ')}.`,
    ...Object.entries(absent).map(([name, why]) => `**${name}** could not take part: ${why}.`),
    ...(leftOut === undefined ? [] : [`Not the whole Mailroom: ${leftOut}.`]),
  ].join('\n\n')
}

/** The ratios, those with an aim with whether it is reached. */
export function ratioTable(ratios: readonly Ratio[]): string {
  const rows = ratios.map((one) => {
    const aim = one.aim === undefined ? '' : `≥ ${describeNumber(one.aim)}`
    const verdict = one.isReached === undefined ? '' : one.isReached ? 'reached' : '**missed**'
    return row([one.of, one.to, one.what, describeSpread(one), aim, verdict])
  })
  const head = ['', 'beside', 'in', 'ratio', 'aim', '']
  return [row(head), row(['---', '---', '---', '---:', '---:', '---']), ...rows].join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
