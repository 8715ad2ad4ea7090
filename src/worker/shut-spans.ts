import { commonSpans, compactSpans, msCoveredBeside, type Span } from '../fleet/spans.ts'

/** When a name took no mail through any of its members: its messages do not age meanwhile. */
export interface ShutSpans {
  note(isShut: boolean): void
  /**
   * How long after `since` nothing was taken, or none of its members could be used; `ofMembers` are the
   * spans in which each could not. What lies in `besides` counts for nothing.
   */
  msSince(since: number, ofMembers: readonly (readonly Span[])[], besides: readonly Span[]): number
}

export interface ShutSpansOptions {
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
  /** Spans that ended longer ago are forgotten. */
  readonly keepMs: number
}

const MAX_SPANS = 200

/** Knows of no such span yet. */
export function createShutSpans({ now, keepMs }: ShutSpansOptions): ShutSpans {
  let past: readonly Span[] = []
  let shutAt: number | undefined
  return {
    note: (isShut) => {
      if (isShut) shutAt ??= now()
      else if (shutAt !== undefined) {
        const span = { from: shutAt, to: now() }
        shutAt = undefined
        past = compactSpans([...past.filter(({ to }) => to > span.to - keepMs), span], MAX_SPANS)
      }
    },
    msSince: (since, ofMembers, besides) => {
      const current = shutAt === undefined ? [] : [{ from: shutAt, to: now() }]
      const shut = [...past, ...current, ...commonSpans(ofMembers)]
      return msCoveredBeside(shut, besides, since)
    },
  }
}
