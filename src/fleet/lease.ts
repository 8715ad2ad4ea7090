/** Sessions of one manager that this holder may use, as far as the fleet lets it. */
export interface Lease {
  /** How many it may use now; 0 while nobody has confirmed the lease for too long. */
  readonly sessions: number
  /** Tells how many deliveries run now: who has little to do needs few sessions. */
  load(running: number): void
  /** The manager allows another number of sessions from now on. */
  resize(max: number): void
  /** While held it needs none. */
  hold(isHeld: boolean): void
  /** Wants no more than `sessions` from now on, whatever it does. */
  keep(sessions: number): void
  release(): void
}

/** Who hears what becomes of a lease. */
export interface LeaseHolder {
  /** The number of sessions has changed, up or down. */
  readonly onChange: () => void
  /** Nobody could confirm the lease: what runs is to end before somebody else gets its sessions. */
  readonly onLost: () => void
}

/** Shares out the sessions that a manager allows, before any job is taken. */
export interface Leases extends AsyncDisposable {
  /** Leases up to `max` sessions of a manager: none at first, and more as soon as there are some. */
  lease(manager: string, max: number, holder: LeaseHolder): Lease
  /** How many sessions of a manager all holders in this process may have open together. */
  allowed(manager: string): number
  /** What part of the sessions that all workers lease of a manager is ours: from 0 to 1. */
  part(manager: string): number
  /** Tells that a session was closed: what is to be given back is given back soon. */
  freed(manager: string): void
}

/** The sessions that are open in this process, which the leases are about. */
export interface OpenSessions {
  /** Those of a manager that are open, being opened or being closed. */
  count(manager: string): number
  /** Another number is allowed now: none may be opened beyond it, and unused ones are to be closed. */
  onAllowed(manager: string): void
}
