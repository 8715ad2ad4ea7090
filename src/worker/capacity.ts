import type { LeaseHolder, Leases } from '../fleet/lease.ts'

/** Why a worker uses no sessions of a manager although some are free. */
export type Hold = 'clock' | 'pause' | 'rate' | 'spare'

/** How many sessions of one manager this worker may use now. */
export interface Capacity {
  readonly sessions: number
  /** Tells how many deliveries run now. */
  load(running: number): void
  /** The server took no more than `open` sessions: no more are tried for a minute. */
  crowded(open: number): void
  /** The manager allows another number of sessions from now on. */
  resize(max: number): void
  /** While held for any reason there are none. */
  hold(reason: Hold, isHeld: boolean): void
  /** Waits until there are some, at most `withinMs` or until `signal` aborts; whether there are. */
  ready(withinMs: number, signal: AbortSignal): Promise<boolean>
  /** Gives all but `sessions` back to others, and takes no more. */
  keep(sessions: number): void
  close(): void
}

const CROWDED_MS = 60_000

/** Leases the sessions of `manager`, held by `holds` at first. */
export function leaseCapacity(
  leases: Leases,
  manager: string,
  max: number,
  holds: readonly Hold[],
  { onChange, onLost }: LeaseHolder,
): Capacity {
  let allowed = max
  let ceiling = max
  const held = new Set(holds)
  const waiting = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  const tell = (): void => {
    onChange()
    if (waiting.size > 0 && usable() > 0) for (const go of waiting) go()
  }
  const lease = leases.lease(manager, max, { onChange: tell, onLost })
  lease.hold(held.size > 0)
  const usable = (): number => (held.size > 0 ? 0 : Math.min(lease.sessions, ceiling))

  return {
    get sessions() {
      return usable()
    },
    ready: async (withinMs, signal) => {
      if (usable() === 0) await oneOf(waiting, withinMs, signal)
      return usable() > 0
    },
    load: (running) => lease.load(running),
    crowded: (open) => {
      ceiling = Math.max(1, Math.min(ceiling, open))
      clearTimeout(timer)
      timer = setTimeout(() => {
        ceiling = allowed
        tell()
      }, CROWDED_MS)
      timer.unref()
      tell()
    },
    resize: (size) => {
      if (size === allowed) return
      clearTimeout(timer)
      allowed = size
      ceiling = size
      lease.resize(size)
      tell()
    },
    hold: (reason, isHeld) => {
      if (isHeld) held.add(reason)
      else held.delete(reason)
      // A wait for the next slot is short: its sessions are needed again before others could use them.
      lease.hold(held.has('clock') || held.has('pause') || held.has('spare'))
      tell()
    },
    keep: (sessions) => lease.keep(sessions),
    close: () => {
      clearTimeout(timer)
      lease.release()
      for (const go of waiting) go()
    },
  }
}

/** Waits among `waiting` until it is called, at most `withinMs` or until `signal` aborts. */
async function oneOf(
  waiting: Set<() => void>,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const go = (): void => resolve()
  const timer = setTimeout(go, withinMs)
  waiting.add(go)
  signal.addEventListener('abort', go)
  await promise
  clearTimeout(timer)
  waiting.delete(go)
  signal.removeEventListener('abort', go)
}
