import { MailroomError } from './errors.ts'

const UNITS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** A span as people write it (`"30s"`, `"1h30m"`, `"5d"`, `"250ms"`), or milliseconds. */
export type Duration = string | number

/** What `Duration` texts look like, as a regular expression for schemas. */
export const DURATION_PATTERN = String.raw`^ *(?:\d+(?:\.\d+)?(?:ms|s|m|h|d) *)+$`

/** Thrown for a span that is neither milliseconds nor numbers with the units ms, s, m, h, d. */
export class InvalidDurationError extends MailroomError {
  override readonly code = 'INVALID_DURATION'

  constructor(value: unknown) {
    super(
      `expected a duration such as "30s", "1h30m" or milliseconds, got ${JSON.stringify(value)}`,
    )
  }
}

/** The milliseconds that a duration stands for. Throws `InvalidDurationError`. */
export function parseDuration(value: Duration): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  if (typeof value !== 'string') throw new InvalidDurationError(value)
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== value.replaceAll(' ', '')) {
    throw new InvalidDurationError(value)
  }
  return parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNITS.get(unit ?? '') ?? 0),
    0,
  )
}

/** A span in words short enough for a table: `850ms`, `12s`, `3m20s`, `2h5m`, `4d1h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  const seconds = Math.round(ms / 1000)
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([amount]) => amount > 0)
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('')
}
