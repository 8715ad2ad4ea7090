import type { ResolvedManager } from '../connections/secrets.ts'
import { openLane, type Lane, type LaneContext } from './lane.ts'

/** What became of the names of a worker when its configuration changed. */
export interface LaneChanges {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

/** The lanes of a worker, which follow its configuration. */
export interface Lanes {
  /** Those that take mail, now. */
  list(): readonly Lane[]
  names(): readonly string[]
  /** Opens lanes for these names; when one cannot be opened, the others are there to be closed. */
  open(names: readonly string[]): Promise<void>
  /**
   * Serves exactly the names of `managers`: a new one gets a lane, a changed one leads to its new
   * manager, one that is gone takes nothing more, finishes what it has begun, and closes.
   *
   * Undefined, and nothing is opened, when they have been stopped. Rejects when a new one cannot be
   * opened: the others are served then.
   */
  follow(managers: ReadonlyMap<string, ResolvedManager>): Promise<LaneChanges | undefined>
  quiet(): void
  stop(deadlineMs: number, graceMs: number): Promise<void>
}

/** Makes lanes, with none open; `onOpen` is told of each that is, before it takes much. */
export function createLanes(context: LaneContext, onOpen: (lane: Lane) => void): Lanes {
  const draining = new Set<Lane>()
  let lanes: readonly Lane[] = []
  let isQuiet = false
  let isStopped = false
  let last: Promise<unknown> = Promise.resolve()

  const open = async (names: readonly string[]): Promise<void> => {
    const results = await Promise.allSettled(names.map((name) => openLane(name, context)))
    const opened = results.flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    )
    lanes = [...lanes, ...opened]
    for (const lane of opened) {
      onOpen(lane)
      if (isQuiet) lane.quiet()
    }
    for (const { reason } of results.filter(isRejected)) throw reason
  }
  const drain = async (lane: Lane): Promise<void> => {
    draining.add(lane)
    await lane.drain().catch(context.onStoreFault)
    draining.delete(lane)
  }
  const follow = async (managers: ReadonlyMap<string, ResolvedManager>): Promise<LaneChanges> => {
    const before = lanes.map(({ name }) => name)
    const gone = lanes.filter(({ name }) => !managers.has(name))
    const added = [...managers.keys()].filter((name) => !before.includes(name))
    lanes = lanes.filter((lane) => !gone.includes(lane))
    const changed = lanes.filter((lane) => isChanged(lane, managers.get(lane.name))).map(nameOf)
    for (const lane of gone) void drain(lane)
    await open(added)
    return { added, changed, removed: gone.map(nameOf) }
  }
  return {
    list: () => lanes,
    names: () => lanes.map(nameOf),
    open,
    follow: (managers) => {
      if (isStopped) return Promise.resolve(undefined)
      const following = follow(managers)
      last = following.catch(() => undefined)
      return following
    },
    quiet: () => {
      isQuiet = true
      for (const lane of lanes) lane.quiet()
    },
    stop: async (deadlineMs, graceMs) => {
      isStopped = true
      await last
      const all = [...lanes, ...draining]
      await Promise.all(all.map((lane) => lane.stop(deadlineMs, graceMs)))
      lanes = []
    },
  }
}

function isChanged(lane: Lane, manager: ResolvedManager | undefined): boolean {
  return manager !== undefined && lane.use(manager)
}

function nameOf({ name }: Lane): string {
  return name
}

function isRejected(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === 'rejected'
}
