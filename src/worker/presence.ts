import { hostname } from 'node:os'

import type { Registry } from '../fleet/fleet.ts'
import { openHeartbeat, type Heartbeat } from '../fleet/heartbeat.ts'
import { readVersion } from '../version.ts'

export interface PresenceOptions {
  readonly id: string
  readonly registry: Registry
  /** The names that are served now; asked at every sign of life. */
  readonly names: () => readonly string[]
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
  readonly onStoreFault: (error: unknown) => void
}

/** Makes a worker known to the fleet until it is closed. */
export function openPresence({ id, registry, ...options }: PresenceOptions): Promise<Heartbeat> {
  const { names, now, onStoreFault } = options
  const constant = {
    id,
    host: hostname(),
    pid: process.pid,
    version: readVersion(),
    startedAt: new Date(now()),
  }
  return openHeartbeat(registry, () => ({ ...constant, names: names() }), onStoreFault)
}
