/**
 * All benchmarks, one after the other, each in a process of its own, with what this machine is.
 *
 *   ./dev bench [--quick] [--only throughput,large] [--write] [-- ARGUMENTS OF EACH]
 *
 * Writes `bench/results/latest.json`, `.md` and `.svg`; with `--quick`, which takes a minute or so on a
 * machine that does nothing else and is no measure, `quick.*`. `--write` puts the main measure into
 * docs/performance.md and the README, with the chart. Ends with 1 when a benchmark ended badly; a ratio
 * that misses its aim is told as such and is no failure.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import type { Report } from './report/report.ts'
import { BENCHMARKS, type Benchmark } from './suite/list.ts'
import { chartOf } from './suite/chart.ts'
import { describeMachine, sentenceOf } from './suite/machine.ts'
import { pageOf, type Results } from './suite/markdown.ts'
import { publish } from './suite/publish.ts'

/** Programs of this folder that are no benchmarks. */
const MEASURES_NOTHING = ['run', 'scaling']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const isQuick = values.quick
if (isQuick && values.write) throw new Error('--write: a quick run is no measure')
const only = values.only?.split(',')
for (const name of only ?? []) {
  if (BENCHMARKS.some((one) => one.name === name)) continue
  const names = BENCHMARKS.map((one) => one.name).join(', ')
  throw new Error(`--only: expected some of ${names}, got "${name}"`)
}

await using directory = await temporaryDirectory()
const machine = await describeMachine()
console.log(`${sentenceOf(machine)}.`)
const reports: Report[] = []
const failed: string[] = []
const leftOut: Record<string, string> = {}
for (const benchmark of BENCHMARKS) {
  const { name, what, full, quick } = benchmark
  const args = isQuick ? quick : full
  if (only !== undefined && !only.includes(name)) leftOut[name] = 'it was not asked for'
  else if (args === undefined) leftOut[name] = 'a quick run is too short for it'
  else {
    console.log(`\n== ${name}: ${what}`)
    const report = await run(benchmark, [...args, ...positionals])
    if (report === undefined) failed.push(name)
    else reports.push(report)
  }
}
for (const name of await notListed()) leftOut[name] = 'it is not in the list of bench/suite'

const results: Results = { machine, isQuick, reports, failed, leftOut }
const folder = join(import.meta.dirname, 'results')
await mkdir(folder, { recursive: true })
const file = (ending: string): string => join(folder, `${isQuick ? 'quick' : 'latest'}.${ending}`)
await writeFile(file('json'), `${JSON.stringify(results, undefined, 2)}\n`)
await writeFile(file('md'), `${pageOf(results)}\n`)
const main = reports.find(({ benchmark }) => benchmark === 'throughput')
if (main !== undefined) {
  await writeFile(file('svg'), chartOf(main, machine))
  if (values.write) await publish(main, machine)
}
console.log(`\nwritten: ${file('json')}, .md${main === undefined ? '' : ' and .svg'}`)
for (const [name, why] of Object.entries(leftOut)) console.log(`left out: ${name}, ${why}`)
if (failed.length > 0) {
  console.error(`Ended badly: ${failed.join(', ')}.`)
  process.exitCode = 1
}

async function run({ name }: Benchmark, args: readonly string[]): Promise<Report | undefined> {
  const json = join(directory.path, `${name}.json`)
  const program = join(import.meta.dirname, `${name}.ts`)
  const child = spawn(process.execPath, [program, ...args, '--json', json], { stdio: 'inherit' })
  const stop = (): void => void child.kill()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  const [code] = await once(child, 'exit')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
  if (code !== 0) console.error(`${name} ended with ${code}`)
  const text = await readFile(json, 'utf8').catch(() => undefined)
  if (code !== 0 || text === undefined) return undefined
  return JSON.parse(text) as Report
}

/** Programs of this folder that can be run and that nobody has put into the list. */
async function notListed(): Promise<readonly string[]> {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(
    names.map(async (name) => readFile(join(import.meta.dirname, name), 'utf8')),
  )
  return names
    .filter((_, at) => texts[at]?.includes('parseArgs({'))
    .map((name) => name.replace('.ts', ''))
    .filter(
      (name) => !MEASURES_NOTHING.includes(name) && !BENCHMARKS.some((one) => one.name === name),
    )
}
