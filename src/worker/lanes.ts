import { openLane, type Lane, type LaneContext } from './lane.ts'
import type { ResolvedRoute } from './resolved-route.ts'

/** What became of the names of a worker when its configuration changed. */
export interface LaneChanges {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
  /** New names that could not be opened yet. */
  readonly delayed: readonly string[]
}

/** The lanes of a worker, which follow its configuration. */
export interface Lanes {
  /** Those that take mail, now. */
  list(): readonly Lane[]
  names(): readonly string[]
  /** Names that are to be served and could not be opened yet. */
  delayed(): readonly string[]
  /** Opens lanes for these names; answers those that could not be opened, and tells why. */
  open(names: readonly string[]): Promise<readonly string[]>
  /**
   * Serves exactly the names of `routes`: a new one gets a lane, a changed one leads to its new
   * managers, one that is gone takes nothing more, finishes what it has begun, and closes.
   *
   * Undefined, and nothing is opened, when they have been stopped. A new one that cannot be opened is
   * `delayed`, and the others are served.
   */
  follow(routes: ReadonlyMap<string, ResolvedRoute>): Promise<LaneChanges | undefined>
  quiet(): void
  stop(deadlineMs: number, graceMs: number): Promise<void>
}

/** Makes lanes, with none open; `onOpen` is told of each that is, before it takes much. */
export function createLanes(context: LaneContext, onOpen: (lane: Lane) => void): Lanes {
  const draining = new Set<Lane>()
  let lanes: readonly Lane[] = []
  let delayed: readonly string[] = []
  let isQuiet = false
  let isStopped = false
  let last: Promise<unknown> = Promise.resolve()

  const open = async (names: readonly string[]): Promise<readonly string[]> => {
    const opened = await openEach(names, context)
    lanes = [...lanes, ...opened]
    for (const lane of opened) {
      onOpen(lane)
      if (isQuiet) lane.quiet()
    }
    const served = opened.map(nameOf)
    delayed = names.filter((name) => !served.includes(name))
    return delayed
  }
  const drain = async (lane: Lane): Promise<void> => {
    draining.add(lane)
    await lane.drain().catch(context.onStoreFault)
    draining.delete(lane)
  }
  const follow = async (routes: ReadonlyMap<string, ResolvedRoute>): Promise<LaneChanges> => {
    const before = lanes.map(({ name }) => name)
    const gone = lanes.filter(({ name }) => !routes.has(name))
    const added = [...routes.keys()].filter((name) => !before.includes(name))
    lanes = lanes.filter((lane) => !gone.includes(lane))
    const changed = lanes.filter((lane) => isChanged(lane, routes.get(lane.name))).map(nameOf)
    for (const lane of gone) void drain(lane)
    const late = await open(added)
    const served = added.filter((name) => !late.includes(name))
    return { added: served, changed, removed: gone.map(nameOf), delayed: late }
  }
  return {
    list: () => lanes,
    names: () => lanes.map(nameOf),
    delayed: () => delayed,
    open,
    follow: (routes) => {
      if (isStopped) return Promise.resolve(undefined)
      const following = follow(routes)
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

/** One name's fault keeps no other one from working. */
async function openEach(names: readonly string[], context: LaneContext): Promise<readonly Lane[]> {
  const lanes = await Promise.all(
    names.map((name) => openLane(name, context).catch(context.onStoreFault)),
  )
  return lanes.filter((lane) => lane !== undefined)
}

function isChanged(lane: Lane, route: ResolvedRoute | undefined): boolean {
  return route !== undefined && lane.use(route)
}

function nameOf({ name }: Lane): string {
  return name
}
