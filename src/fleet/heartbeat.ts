import { BEAT_EVERY_MS, type Registry, type WorkerSign } from './fleet.ts'

/** The signs of life that a worker gives until it is closed. */
export interface Heartbeat {
  /** Gives one at once, as when its names have changed. */
  beat(): Promise<void>
  /** Leaves the registry; a store that is away is waited for as long. */
  close(): Promise<void>
}

/** How often a worker notes the names that it serves. */
const SERVE_EVERY_MS = 60_000

const PATIENCE_MS = 2_000

/**
 * Registers a worker, and gives signs of life from then on; a failure is told to `onFault`. A store
 * that is away holds up the start for two seconds at most.
 */
export async function openHeartbeat(
  registry: Registry,
  sign: () => WorkerSign,
  onFault: (error: unknown) => void,
): Promise<Heartbeat> {
  const { id } = sign()
  let servedAt = -Infinity
  let last: Promise<void> | undefined
  let isClosed = false

  const tell = async (): Promise<void> => {
    const now = sign()
    try {
      await registry.beat(now)
      if (performance.now() - servedAt < SERVE_EVERY_MS) return
      await registry.serve(now.names)
      servedAt = performance.now()
    } catch (error) {
      onFault(error)
    }
  }
  // A store that is away answers later: one sign of life at a time.
  const beat = (): Promise<void> => {
    if (isClosed) return Promise.resolve()
    return (last ??= tell().finally(() => (last = undefined)))
  }
  const timer = setInterval(() => void beat(), BEAT_EVERY_MS).unref()
  await within(beat(), PATIENCE_MS)

  const leave = async (): Promise<void> => {
    await last
    try {
      await registry.serve(sign().names)
      await registry.leave(id)
    } catch (error) {
      onFault(error)
    }
  }
  return {
    beat: async () => {
      await last
      servedAt = -Infinity
      await beat()
    },
    close: async () => {
      isClosed = true
      clearInterval(timer)
      await within(leave(), PATIENCE_MS)
    },
  }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, over])
  clearTimeout(timer)
}
