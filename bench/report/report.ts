import { writeFile } from 'node:fs/promises'

/** What one benchmark tells, in the shape that all of them have. */
export interface Report {
  readonly benchmark: string
  /** Counts and the like, which a reader needs to do it again. */
  readonly settings: Readonly<Record<string, string | number>>
  /** What of the whole Mailroom did not run; absent when all of it did. */
  readonly leftOut?: string
  readonly figures: readonly Figure[]
  readonly ratios?: readonly Ratio[]
  /** Who was to take part and could not, and why. */
  readonly absent?: Readonly<Record<string, string>>
}

/** One thing that was measured, over all rounds. */
export interface Figure {
  /** Whose it is. */
  readonly of: string
  /** What it is, with its unit. */
  readonly what: string
  readonly median: number
  readonly least: number
  readonly most: number
  readonly rounds: readonly number[]
}

/** How two figures of one round stand to each other, over all rounds, and what was aimed at. */
export interface Ratio {
  readonly of: string
  readonly to: string
  readonly what: string
  readonly median: number
  readonly least: number
  readonly most: number
  readonly aim?: number
  /** Whether the median reaches the aim; absent where there is none. */
  readonly isReached?: boolean
}

/** The figure that comes of what the rounds measured. */
export function figure(of: string, what: string, rounds: readonly number[]): Figure {
  return { of, what, ...spreadOf(rounds), rounds: rounds.map(rounded) }
}

/** The ratio of two figures, round by round; `aim` is the least that is wanted. */
export function ratio(of: Figure, to: Figure, aim?: number): Ratio {
  const rounds = of.rounds.map((value, at) => value / (to.rounds[at] ?? Number.NaN))
  const spread = spreadOf(rounds)
  return {
    of: of.of,
    to: to.of,
    what: of.what,
    ...spread,
    ...(aim !== undefined && { aim, isReached: spread.median >= aim }),
  }
}

/** Prints a report, and writes it as JSON where `file` says. */
export async function tell(report: Report, file: string | undefined): Promise<void> {
  console.log(linesOf(report).join('\n'))
  if (file !== undefined) await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`)
}

function linesOf(report: Report): readonly string[] {
  const { benchmark, settings, leftOut, figures, ratios = [], absent = {} } = report
  const set = Object.entries(settings).map((pair) => pair.join(' '))
  return [
    `${benchmark}: ${set.join(', ')}`,
    ...figures.map(
      ({ of, what, ...spread }) => `  ${of.padEnd(34)} ${describeSpread(spread)}  ${what}`,
    ),
    ...ratios.map(({ of, to, what, aim, isReached, ...spread }) => {
      const verdict = aim === undefined ? '' : `  aim ${aim}: ${isReached ? 'reached' : 'MISSED'}`
      return `  ${of} / ${to}: ${describeSpread(spread)} in ${what}${verdict}`
    }),
    ...Object.entries(absent).map(([name, why]) => `  ${name} could not take part: ${why}`),
    ...(leftOut === undefined ? [] : [`  Not the whole Mailroom: ${leftOut}`]),
  ]
}

interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** A spread as text: `1,720 (1,650 to 1,800)`. */
export function describeSpread({ median, least, most }: Spread): string {
  const range = least === most ? '' : ` (${describeNumber(least)} to ${describeNumber(most)})`
  return `${describeNumber(median)}${range}`
}

/** A number with three digits that mean something. */
export function describeNumber(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 })
}

function spreadOf(rounds: readonly number[]): Spread {
  const sorted = rounds.toSorted((one, other) => one - other)
  const [least, most] = [sorted.at(0), sorted.at(-1)]
  if (least === undefined || most === undefined) throw new Error('no rounds')
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? least
  const high = sorted[Math.floor(middle)] ?? most
  return { median: rounded((low + high) / 2), least: rounded(least), most: rounded(most) }
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
