import { describeNumber, type Figure, type Report } from '../report/report.ts'
import type { Machine } from './machine.ts'

const WIDTH = 820
const NAMES = 240
const LABELS = 200
const ROW = 34
const TOP = 52

/**
 * The main measure as an SVG: a bar for each contestant's median, a line for its spread.
 *
 * It has a background of its own, which goes with its letters, so that it can be read in light and dark
 * whatever page it stands on.
 */
export function chartOf(throughput: Report, machine: Machine): string {
  const { cores, processor, commit, at } = machine
  const rounds = throughput.settings['rounds'] ?? '?'
  const caption = `Median and spread of ${rounds} rounds; ${cores} cores of ${processor}; ${commit}, ${at.slice(0, 10)}`
  const speeds = throughput.figures
    .filter(({ what }) => what === 'messages/s')
    .toSorted((one, other) => other.median - one.median)
  const most = Math.max(...speeds.map((speed) => speed.most))
  const scale = (value: number): number => (value / most) * (WIDTH - NAMES - LABELS)
  const height = TOP + speeds.length * ROW + 34
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escape(titleOf(speeds))}</title>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>
<text class="head" x="16" y="30">Messages per second, one process, one sink</text>
${speeds.map((speed, row) => barOf(speed, row, scale, costOf(throughput, speed.of))).join('\n')}
<text class="foot" x="16" y="${height - 14}">${escape(caption)}</text>
</svg>
`
}

const STYLE = `
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.head { font-weight: 600 }
.cost, .foot { font-size: 12px; fill: #59636e }
.page { fill: #ffffff; stroke: #d1d9e0 }
.other { fill: #8c959f }
.ours { fill: #0969da }
.spread { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .cost, .foot { fill: #9198a1 }
  .page { fill: #0d1117; stroke: #3d444d }
  .other { fill: #656c76 }
  .ours { fill: #4493f8 }
  .spread { stroke: #f0f6fc }
}
`

function barOf(
  speed: Figure,
  row: number,
  scale: (value: number) => number,
  cost: string | undefined,
): string {
  const y = TOP + row * ROW
  const middle = y + 10
  const x = (value: number): string => (NAMES + scale(value)).toFixed(1)
  const isOurs = speed.of.startsWith('Mailroom')
  const end = NAMES + scale(speed.most) + 8
  return [
    `<text x="${NAMES - 10}" y="${y + 15}" text-anchor="end"${isOurs ? ' class="head"' : ''}>${escape(speed.of)}</text>`,
    `<rect class="${isOurs ? 'ours' : 'other'}" x="${NAMES}" y="${y}" width="${Math.max(1, scale(speed.median)).toFixed(1)}" height="20" rx="2"/>`,
    `<line class="spread" x1="${x(speed.least)}" x2="${x(speed.most)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${end.toFixed(1)}" y="${y + 15}">${describeNumber(speed.median)}${cost === undefined ? '' : ` <tspan class="cost">${cost}</tspan>`}</text>`,
  ].join('\n')
}

function costOf({ figures }: Report, of: string): string | undefined {
  const cpu = figures.find((one) => one.of === of && one.what === 'ms CPU per message')
  return cpu && `${describeNumber(cpu.median)} ms CPU each`
}

function titleOf(speeds: readonly Figure[]): string {
  const each = speeds.map(({ of, median }) => `${of} ${describeNumber(median)}`)
  return `Messages per second: ${each.join(', ')}`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
