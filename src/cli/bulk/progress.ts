import type { Context } from '../context.ts'
import type { Terminal } from '../terminal.ts'

/** How far a mailing has come. */
export interface Standing {
  readonly done: number
  readonly total: number
  /** Whether it waits for places in the queue. */
  readonly isWaiting: boolean
}

/** Tells how far it is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  tell(standing: Standing): void
  /** Leaves the last bar where it is. */
  end(): void
}

export interface ProgressOptions {
  readonly err: Context['err']
  readonly terminal: Pick<Terminal, 'json' | 'warn' | 'style'>
  /** In milliseconds, of any clock that never goes back. */
  readonly now: () => number
}

/** A speed is that of the last so many milliseconds. */
const WINDOW_MS = 10_000
const REDRAW_MS = 100
const LINE_MS = 5_000
/** That it waits now, or no more, is told sooner. */
const NEWS_MS = 1_000

/** Creates progress on standard error. */
export function createProgress({ err, terminal, now }: ProgressOptions): Progress {
  const draws = err.isTTY === true && !terminal.json
  const samples: (readonly [at: number, done: number])[] = []
  let toldAt = -Infinity
  let toldWaiting = false
  let isDrawn = false

  return {
    tell: (standing) => {
      const at = now()
      samples.push([at, standing.done])
      while ((samples[1]?.[0] ?? at) < at - WINDOW_MS) samples.shift()
      const isLast = standing.done === standing.total
      const isNews = standing.isWaiting !== toldWaiting
      const quietMs = draws ? REDRAW_MS : isNews ? NEWS_MS : LINE_MS
      if (!isLast && at - toldAt < quietMs) return
      toldAt = at
      toldWaiting = standing.isWaiting
      const pace = paceOf(samples, standing)
      if (draws) {
        const bar = drawBar(standing, pace, err.columns ?? 80)
        err.write(`\r${bar}\u001b[K`)
        isDrawn = true
      } else {
        const fact = { event: 'progress', ...standing, ...pace }
        terminal.warn(fact, describe(standing, pace))
      }
    },
    end: () => {
      if (isDrawn) err.write('\n')
      isDrawn = false
    },
  }
}

interface Pace {
  readonly perSecond: number
  /** Absent while there is no speed to tell it by. */
  readonly remainingMs?: number
}

function paceOf(samples: readonly (readonly [number, number])[], standing: Standing): Pace {
  const [from = 0, before = 0] = samples[0] ?? []
  const [to = 0, done = 0] = samples.at(-1) ?? []
  if (to <= from || done <= before) return { perSecond: 0 }
  const perMs = (done - before) / (to - from)
  return {
    perSecond: Math.round(perMs * 1000),
    remainingMs: Math.round((standing.total - standing.done) / perMs),
  }
}

function describe({ done, total, isWaiting }: Standing, { perSecond, remainingMs }: Pace): string {
  const share = total === 0 ? 100 : Math.floor((done / total) * 100)
  const left = isWaiting ? 'waiting for places in the queue' : describeLeft(remainingMs)
  return `${String(share).padStart(3)} %  ${count(done)} of ${count(total)}  ${count(perSecond)}/s  ${left}`
}

function drawBar(standing: Standing, pace: Pace, columns: number): string {
  const text = describe(standing, pace)
  const width = Math.min(40, columns - text.length - 5)
  if (width < 5) return text.slice(0, Math.max(1, columns - 1))
  const filled = standing.total === 0 ? width : Math.floor((standing.done / standing.total) * width)
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${text}`
}

function describeLeft(remainingMs: number | undefined): string {
  if (remainingMs === undefined) return ''
  const seconds = Math.ceil(remainingMs / 1000)
  if (seconds < 60) return `${seconds}s left`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 60 ? `${minutes}m left` : `${Math.floor(minutes / 60)}h${minutes % 60}m left`
}

function count(number: number): string {
  return number.toLocaleString('en')
}
