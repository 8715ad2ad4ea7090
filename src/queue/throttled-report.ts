const INTERVAL_MS = 1000

/** Makes a report that passes on at most one fault a second per code (or name, without a code). */
export function throttleReport(report: (error: unknown) => void): (error: unknown) => void {
  const last = new Map<string, number>()
  return (error) => {
    const code = codeOf(error)
    const now = performance.now()
    if (now - (last.get(code) ?? -Infinity) < INTERVAL_MS) return
    last.set(code, now)
    report(error)
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
