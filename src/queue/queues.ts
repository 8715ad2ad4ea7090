/** One job as it is added: its id is unique over all names, its data is JSON. */
export interface NewJob {
  readonly id: string
  readonly data: unknown
  /** Not before so many milliseconds from now; 0 by default. */
  readonly delayMs?: number
  /** `high` jobs of a name are taken before `normal` ones, these before `low` ones. */
  readonly priority?: QueuePriority
}

export type QueuePriority = 'high' | 'normal' | 'low'

export interface TakenJob {
  readonly id: string
  readonly data: unknown
}

/**
 * How a job's run ended. What each means in the queue is the table of endings of `endings.ts`.
 *
 * - `done`: delivered, cancelled or superseded: the job is removed.
 * - `dead`: refused, expired, uncertain on hold or set aside: the job stays as failed, with its reason.
 * - `later`: deferred: the job comes back after `delayMs`, and has not failed.
 * - `back`: nothing admissible: the job goes back to its place, for free. Its owner parks the consumer
 *   first; a consumer that is not parked takes nothing for a second, so that it does not spin.
 */
export type Ending =
  | { readonly kind: 'done' }
  | { readonly kind: 'dead'; readonly reason: string }
  | { readonly kind: 'later'; readonly delayMs: number }
  | { readonly kind: 'back' }

/**
 * Runs one job. Rejecting is the ending "unexpected error": the job comes back with a capped
 * back-off, for ever. `signal` aborts when the job's lock is lost or the consumer is stopped hard.
 */
export type Handler = (job: TakenJob, signal: AbortSignal) => Promise<Ending>

export interface ConsumeOptions {
  /** How many jobs may run at once; 0 takes none. */
  readonly concurrency: number
  /** How long a job stays taken without a sign of life; 60,000 by default. */
  readonly lockMs?: number
  /** How often taken jobs of dead workers are looked for; 30,000 by default. */
  readonly stalledCheckMs?: number
  /** The store's clock, in milliseconds since 1970; this process' own by default. */
  readonly now?: () => number
  /** Faults of the store and of handlers; called at most once a second per code. */
  readonly onError: (error: unknown) => void
}

/** Takes jobs of one name. Starts at once; nothing is taken while parked or at concurrency 0. */
export interface Consumer {
  readonly name: string
  /** Jobs that run now. */
  readonly active: number
  /** Stops taking, synchronously. Jobs that end `back` return to their place, in order. */
  park(): void
  /** Takes again; a no-op when not parked. */
  unpark(): Promise<void>
  readonly isParked: boolean
  /** Changes how many jobs may run at once; also raises it while a slow job runs. */
  setConcurrency(concurrency: number): Promise<void>
  /** Aborts the signals of the jobs that run; it goes on taking unless it is held otherwise. */
  interrupt(): void
  /** Stops taking for good; running jobs go on. */
  quiet(): void
  /**
   * Quiets, waits for running jobs until `deadlineMs` is over, then aborts their signals and waits
   * `graceMs` more for their endings. Calling it twice gives the same promise.
   */
  stop(deadlineMs: number, graceMs?: number): Promise<void>
}

export interface Depth {
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  /** Failed finally: refused, expired, uncertain, set aside. */
  readonly dead: number
}

/** Where a job stands, in the words of `Depth`. */
export type JobState = keyof Depth

/** Jobs that no worker takes by itself. */
export interface Stray {
  readonly gone: readonly string[]
  readonly dead: readonly string[]
}

/** A job by what was asked for under its id; undefined when its data tells no digest. */
export interface RequestedJob {
  readonly id: string
  readonly digest: string | undefined
}

/** A job that is to end, and why. */
export interface DeadJob {
  readonly id: string
  readonly reason: string
}

/** Where jobs wait: one queue per name. The only door to BullMQ. */
export interface Queues {
  /** Adds jobs; a job whose id is in the queue already is left as it is. Atomic per call on Postgres. */
  add(name: string, jobs: readonly NewJob[]): Promise<void>
  depth(name: string): Promise<Depth>
  /** Removes a job that nobody runs. False when it is not there or runs. */
  remove(name: string, id: string): Promise<boolean>
  /** The same, and only the job of this request, by one decision of the store. */
  removeRequested(name: string, job: RequestedJob): Promise<boolean>
  /**
   * Removes what would keep these jobs from being added: dead ones of the same ids, and those of
   * other requests. What runs stays, and so does the living job of the same request.
   */
  makeRoom(name: string, jobs: readonly RequestedJob[]): Promise<void>
  /** Reads a job's data, in whatever state it is. */
  read(name: string, id: string): Promise<unknown>
  /** Where a job stands; undefined when it is not there. */
  stateOf(name: string, id: string): Promise<JobState | undefined>
  /**
   * Puts a dead job back among the waiting ones as it is, at once. False when it is not dead, or,
   * where a digest is given, of another request.
   */
  revive(name: string, id: string, digest?: string): Promise<boolean>
  /** The same, also for a job that is delayed. False when it waits, runs, or is not there. */
  wake(name: string, id: string, digest?: string): Promise<boolean>
  /**
   * Changes when a delayed job is due, in milliseconds of the store's clock since 1970. False when it is
   * not delayed: then it stays as it is.
   */
  delayUntil(name: string, id: string, at: number): Promise<boolean>
  /** A page of jobs, those first that come first; one that is removed meanwhile is left out. */
  page(
    name: string,
    state: Exclude<JobState, 'active'>,
    offset: number,
    limit: number,
  ): Promise<readonly TakenJob[]>
  /** The waiting jobs that are taken next, one of each priority. */
  heads(name: string): Promise<readonly TakenJob[]>
  /** Of some jobs, those that no worker takes by itself. */
  findStray(name: string, ids: readonly string[]): Promise<Stray>
  /**
   * Ends jobs that wait or are delayed as dead, and says which: others were taken or removed
   * meanwhile, or the queue is paused.
   */
  bury(name: string, jobs: readonly DeadJob[]): Promise<readonly string[]>
  /** Stops the taking of a name's jobs by everybody, until `resume`; what runs goes on. */
  pause(name: string): Promise<void>
  /** Has a name's jobs taken again; a no-op when it is not paused. */
  resume(name: string): Promise<void>
  isPaused(name: string): Promise<boolean>
  /** Starts to take jobs, at once or as soon as the store can be reached. */
  consume(name: string, handler: Handler, options: ConsumeOptions): Promise<Consumer>
  /** Closes what this object opened; consumers are stopped by their owners first. */
  close(): Promise<void>
}
