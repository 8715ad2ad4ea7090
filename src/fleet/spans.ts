/** A span between two moments of the store's clock, in milliseconds since 1970. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** How many milliseconds after `since` lie in at least one of `spans`; they may overlap. */
export function msCovered(spans: readonly Span[], since: number): number {
  let coveredUntil = since
  let sum = 0
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, coveredUntil))
    coveredUntil = Math.max(coveredUntil, to)
  }
  return sum
}

/** How many milliseconds after `since` lie in one of `spans`, and in none of `others`. */
export function msCoveredBeside(
  spans: readonly Span[],
  others: readonly Span[],
  since: number,
): number {
  return msCovered([...spans, ...others], since) - msCovered(others, since)
}

/** At most `max` spans: of too many the oldest two become one with what lies between. */
export function compactSpans(spans: readonly Span[], max: number): readonly Span[] {
  const [first, second, ...rest] = spans
  if (first === undefined || second === undefined || spans.length <= max) return spans
  return [{ from: first.from, to: second.to }, ...rest]
}

/** The spans that lie in at least one of each of `all`; nothing when that is empty. */
export function commonSpans(all: readonly (readonly Span[])[]): readonly Span[] {
  const [first = [], ...others] = all
  return others.reduce<readonly Span[]>(
    (common, spans) =>
      common.flatMap((one) =>
        joined(spans)
          .map(({ from, to }) => ({ from: Math.max(from, one.from), to: Math.min(to, one.to) }))
          .filter(({ from, to }) => from < to),
      ),
    joined(first),
  )
}

/** The same time as spans that do not overlap. */
function joined(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    if (last === undefined || span.from > last.to) result.push(span)
    else result[result.length - 1] = { from: last.from, to: Math.max(last.to, span.to) }
  }
  return result
}
