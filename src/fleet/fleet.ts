/** What a worker says of itself with every sign of life. */
export interface WorkerSign {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** Of the package that it runs. */
  readonly version: string
  /** The names whose jobs it takes. */
  readonly names: readonly string[]
  /** By the store's clock. */
  readonly startedAt: Date
}

/** A worker that gave a sign of life within `GONE_AFTER_MS`. */
export interface LiveWorker extends WorkerSign {
  readonly seenAt: Date
}

/** A name that somebody enqueued to or took jobs of. Points in time are the store's clock. */
export interface KnownName {
  readonly name: string
  /** When a producer or a worker last noted it; they note it once an hour at least. */
  readonly usedAt: Date
  /** When a worker last served it, to the minute; undefined when none ever did. */
  readonly servedAt: Date | undefined
}

/** Who and what there is on one store. */
export interface Fleet {
  /** In the order of their code points. */
  readonly names: readonly KnownName[]
  readonly workers: readonly LiveWorker[]
}

/** What all producers and workers of a store know of each other; kept in the store. */
export interface Registry {
  /** A producer uses these names. */
  note(names: readonly string[]): Promise<void>
  /** A worker serves these names. */
  serve(names: readonly string[]): Promise<void>
  /** A worker lives; the first one registers it. Forgets those that are long gone. */
  beat(worker: WorkerSign): Promise<void>
  /** A worker has stopped. */
  leave(id: string): Promise<void>
  list(): Promise<Fleet>
  /** Forgets a name unless somebody used it within `unusedForMs`. True: it is forgotten. */
  forget(name: string, unusedForMs: number): Promise<boolean>
}

/** How often a worker gives a sign of life. */
export const BEAT_EVERY_MS = 5_000

/** After how long without a sign of life a worker counts as gone. */
export const GONE_AFTER_MS = 15_000

/** How many live workers serve each name. */
export function workersByName({ workers }: Fleet): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { names } of workers) {
    for (const name of new Set(names)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}
