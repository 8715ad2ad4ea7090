import { GIVEN_UP, waitForSession, type Acquired } from './acquired.ts'
import { createFollowing } from './following.ts'
import { openLogin } from './login.ts'
import type { PoolEvent } from './pool-event.ts'
import { closeSurplus, retire, retireIdle } from './pool-retire.ts'
import { entryToFollow, hold, type Entry, type PoolState, type Shared } from './pool-state.ts'
import { createSeats, type Seats } from './seats.ts'
import type { ResolvedManager } from './secrets.ts'
import { openSession } from './session.ts'
import type { Session } from './session.ts'

export interface PoolOptions extends Shared {
  /** Never more sessions than this are open; `limits.sessions` by default. */
  readonly maxSessions?: number
  /** Shared with other pools of the manager: all of them together keep within them. */
  readonly seats?: Seats
  readonly onEvent?: (event: PoolEvent) => void
}

interface PoolStats {
  readonly open: number
  readonly busy: number
  readonly idle: number
  /** Callers that wait for a session. */
  readonly waiting: number
}

/** The open sessions of one connection manager. */
export interface Pool {
  /**
   * An unused session, else a new login, else (all `maxSessions` are taken) the next that is free,
   * in the order of the calls. Every caller with its own login hears of its own fault only.
   *
   * With `mayFollow` also the place behind a message that is on its way, where the server is far: then
   * the session is shared with one other caller.
   *
   * Never rejects; `signal` ends the wait with an `aborted` fault.
   */
  readonly acquire: (signal?: AbortSignal, mayFollow?: boolean) => Promise<Acquired>
  /** Gives a session back, in whatever state: it is kept, or closed and so replaced. */
  readonly release: (session: Session) => void
  /** Ends logins that are under way or wait for their turn, and begins no more; open sessions go on. */
  readonly stopLogins: () => void
  /** Closes the unused sessions with QUIT. */
  readonly closeIdle: () => Promise<void>
  /**
   * Closes the pool for good: no more sessions, unused ones end with QUIT, busy ones when they are
   * released, and after `deadlineMs` all that are left at once.
   */
  readonly close: (deadlineMs: number) => Promise<void>
  readonly stats: PoolStats
  /** How many messages a session may have at once: two where the second gains by it. */
  readonly depth: number
  /** Closes all sessions without waiting for busy ones. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const CLOSED: Acquired = {
  kind: 'fault',
  fault: { kind: 'aborted', stage: 'connect', detail: 'the pool is closed' },
}

/** Makes a pool of sessions for `resolved`, with none open yet; whoever opens it closes it. */
export function openPool(resolved: ResolvedManager, options: PoolOptions = {}): Pool {
  const maxSessions = options.maxSessions ?? resolved.manager.limits.sessions
  const { seats = createSeats(() => maxSessions) } = options
  const state: PoolState = {
    resolved,
    shared: { tokens: options.tokens, kerberos: options.kerberos },
    seats: seats.join(() => {
      closeSurplus(state)
      serveNext(state)
    }),
    emit: options.onEvent ?? (() => {}),
    entries: new Map(),
    idle: [],
    waiting: new Set(),
    following: createFollowing(),
    logins: new AbortController(),
    isClosed: false,
  }
  return {
    acquire: (signal, mayFollow = false) => acquire(state, signal, mayFollow),
    release: (session) => release(state, session),
    stopLogins: () => {
      state.logins.abort()
      for (const waiter of state.waiting) waiter.serve(GIVEN_UP)
    },
    closeIdle: async () => {
      await Promise.all(state.idle.splice(0).map((entry) => retire(state, entry, 'idle')))
    },
    close: (deadlineMs) => close(state, deadlineMs),
    get stats() {
      const open = state.entries.size
      const idle = state.idle.length
      return { open, busy: open - idle, idle, waiting: state.waiting.size }
    },
    get depth() {
      return state.following.isWorthIt ? 2 : 1
    },
    [Symbol.asyncDispose]: () => close(state, 0),
  }
}

function acquire(
  state: PoolState,
  signal: AbortSignal | undefined,
  mayFollow: boolean,
): Promise<Acquired> {
  if (state.isClosed) return Promise.resolve(CLOSED)
  if (signal?.aborted === true) return Promise.resolve(GIVEN_UP)
  const entry = state.idle.pop()
  if (entry !== undefined) return Promise.resolve(hold(entry))
  if (state.seats.take()) return logIn(state, signal)
  // Whoever waits already is served first.
  const before = mayFollow && state.waiting.size === 0 ? entryToFollow(state) : undefined
  if (before !== undefined) return Promise.resolve(hold(before))
  return waitForSession(state.waiting, signal, mayFollow)
}

/** The seat is taken. */
async function logIn(state: PoolState, signal: AbortSignal | undefined): Promise<Acquired> {
  const { resolved, shared, logins, emit, entries, seats } = state
  const startedAt = performance.now()
  const login = await openLogin(resolved, {
    ...shared,
    signal: signal === undefined ? logins.signal : AbortSignal.any([signal, logins.signal]),
  })
  if (login.kind === 'fault') {
    dismissFollowers(state)
    seats.giveBack()
    return login
  }
  const { name, timeouts } = resolved.manager
  const session = openSession(login, {
    timeouts,
    onStale: () => onStale(state, entry),
    onMisstep: () => state.following.stumble(),
  })
  if (state.isClosed) {
    session.destroy()
    seats.giveBack()
    return CLOSED
  }
  const entry: Entry = { session, idleTimer: undefined, isStale: false, holders: 1 }
  entries.set(session, entry)
  const { security } = login
  const ends = security.kind === 'tls' ? security.certificate?.validTo.toISOString() : undefined
  const certificateEnds = ends === undefined ? {} : { certificateEnds: ends }
  const ours = resolved.clientCertificate?.validTo.toISOString()
  const clientCertificateEnds = ours === undefined ? {} : { clientCertificateEnds: ours }
  const ms = performance.now() - startedAt
  const opened = { event: 'session-opened', manager: name, ms } as const
  emit({ ...opened, ...certificateEnds, ...clientCertificateEnds })
  return { kind: 'session', session }
}

/** Those who wanted to follow knock at no door that was shut: there are more of them than sessions. */
function dismissFollowers({ waiting, following }: PoolState): void {
  if (!following.isWorthIt) return
  for (const waiter of waiting) if (waiter.mayFollow) waiter.serve(GIVEN_UP)
}

function onStale(state: PoolState, entry: Entry): void {
  entry.isStale = true
  retireIdle(state, entry, 'stale')
}

function release(state: PoolState, session: Session): void {
  const entry = state.entries.get(session)
  if (entry === undefined) return
  entry.holders -= 1
  state.following.learn(session)
  if (entry.holders > 0) {
    serveNext(state)
    return
  }
  const { limits, timeouts } = state.resolved.manager
  if (!session.isUsable) void retire(state, entry, entry.isStale ? 'stale' : 'broken')
  else if (state.isClosed) void retire(state, entry, 'shutdown')
  else if (session.messages >= limits.messagesPerSession) void retire(state, entry, 'worn')
  else if (state.seats.isOver) void retire(state, entry, 'surplus')
  else {
    state.idle.push(entry)
    if (entry.idleTimer === undefined) {
      entry.idleTimer = setTimeout(retireIdle, timeouts.idle, state, entry, 'idle').unref()
    } else entry.idleTimer.refresh()
    serveNext(state)
  }
}

function serveNext(state: PoolState): void {
  for (const waiter of state.waiting) {
    const entry = state.idle.pop()
    if (entry !== undefined) waiter.serve(hold(entry))
    else if (state.seats.take()) waiter.serve(logIn(state, waiter.signal))
    else {
      const before = waiter.mayFollow ? entryToFollow(state) : undefined
      if (before === undefined) return
      waiter.serve(hold(before))
    }
  }
}

async function close(state: PoolState, deadlineMs: number): Promise<void> {
  state.isClosed = true
  state.logins.abort()
  for (const waiter of state.waiting) waiter.serve(CLOSED)
  const quits = state.idle.splice(0).map((entry) => retire(state, entry, 'shutdown'))
  state.seats.leave()
  if (deadlineMs > 0) await state.seats.untilNone(deadlineMs)
  const rest = [...state.entries.values()].map((entry) => {
    entry.session.destroy()
    return retire(state, entry, 'shutdown')
  })
  await Promise.all([...quits, ...rest])
}
