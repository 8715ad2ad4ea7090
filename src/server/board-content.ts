import { hideAddresses } from '../telemetry/hide-addresses.ts'

const HIDDEN = '(hidden: start the dashboard with --show-content)'

/** Fields of a job that say nothing of its message, its sender or its recipients. */
const HARMLESS: ReadonlySet<string> = new Set(['v', 'version', 'schema', 'id', 'connection'])

/** A job's data with everything hidden but what names the job and its connection. */
export function hideData(data: unknown): unknown {
  if (data === null || data === undefined) return data
  if (typeof data !== 'object') return HIDDEN
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, HARMLESS.has(key) ? value : HIDDEN]),
  )
}

/** The same value with every address in its texts hidden, however deep: reasons, logs, traces. */
export function hideContent<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === 'string' ? hideAddresses(part) : part,
    ),
  )
}
