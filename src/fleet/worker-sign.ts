import type { WorkerSign } from './fleet.ts'

/** What a worker says of itself, as a store that has no columns keeps it. */
export function encodeSign({ host, pid, version, names, startedAt }: WorkerSign): string {
  return JSON.stringify({ host, pid, version, names, startedAt: startedAt.getTime() })
}

/** Reads what `encodeSign` wrote; anything else is no worker. */
export function parseSign(id: string, text: string): WorkerSign | undefined {
  try {
    const sign: Readonly<Record<string, unknown>> = JSON.parse(text)
    const { host, pid, version, names, startedAt } = sign
    if (typeof host !== 'string' || typeof pid !== 'number' || typeof version !== 'string') {
      return undefined
    }
    if (!Array.isArray(names) || typeof startedAt !== 'number') return undefined
    return { id, host, pid, version, names: names.map(String), startedAt: new Date(startedAt) }
  } catch {
    return undefined
  }
}
