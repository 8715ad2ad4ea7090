import { GIVEN_UP, waitForSession, type Acquired, type Waiter } from './acquired.ts'
import { openLogin, type LoginOptions } from './login.ts'
import { sessionOpened, type PoolEvent, type SessionEnd } from './pool-event.ts'
import { createReach, type Reach } from './reach.ts'
import { createSeats, type SeatHolder, type Seats } from './seats.ts'
import type { ResolvedManager } from './secrets.ts'
import { openSession, type Session } from './session.ts'

export interface PoolOptions extends Shared {
  /** Never more sessions than this are open; `limits.sessions` by default. */
  readonly maxSessions?: number
  /** Shared with other pools of the manager: all of them together keep within them. */
  readonly seats?: Seats
  readonly onEvent?: (event: PoolEvent) => void
}

/** What all logins of the process have together. */
type Shared = Pick<LoginOptions, 'tokens' | 'kerberos'>

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
   * Never rejects; `signal` ends the wait with an `aborted` fault.
   */
  readonly acquire: (signal?: AbortSignal) => Promise<Acquired>
  /** Gives a session to one more, who follows its message; false when it is to be free after that. */
  readonly follow: (session: Session) => boolean
  /** How far the server is. */
  readonly reach: Reach
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
  /** Closes all sessions without waiting for busy ones. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

interface Entry {
  readonly session: Session
  /** Runs on while the session is busy, where it means nothing: cheaper than to clear it. */
  idleTimer: NodeJS.Timeout | undefined
  /** Whether two have it. */
  isShared: boolean
  isStale: boolean
}

interface State {
  readonly resolved: ResolvedManager
  readonly shared: Shared
  /** Those of sessions that are open, being opened or being closed. */
  readonly seats: SeatHolder
  readonly emit: (event: PoolEvent) => void
  readonly entries: Map<Session, Entry>
  /** The one that was used last is at the end, and is taken first. */
  readonly idle: Entry[]
  readonly waiting: Set<Waiter>
  readonly logins: AbortController
  readonly reach: Reach
  isClosed: boolean
}

const CLOSED: Acquired = {
  kind: 'fault',
  fault: { kind: 'aborted', stage: 'connect', detail: 'the pool is closed' },
}

/** Makes a pool of sessions for `resolved`, with none open yet; whoever opens it closes it. */
export function openPool(resolved: ResolvedManager, options: PoolOptions = {}): Pool {
  const maxSessions = options.maxSessions ?? resolved.manager.limits.sessions
  const { seats = createSeats(() => maxSessions) } = options
  const state: State = {
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
    logins: new AbortController(),
    reach: createReach(),
    isClosed: false,
  }
  return {
    acquire: (signal) => acquire(state, signal),
    follow: (session) => follow(state, session),
    reach: state.reach,
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
    [Symbol.asyncDispose]: () => close(state, 0),
  }
}

function acquire(state: State, signal: AbortSignal | undefined): Promise<Acquired> {
  if (state.isClosed) return Promise.resolve(CLOSED)
  if (signal?.aborted === true) return Promise.resolve(GIVEN_UP)
  const entry = state.idle.pop()
  if (entry !== undefined) return Promise.resolve({ kind: 'session', session: entry.session })
  if (state.seats.take()) return logIn(state, signal)
  return waitForSession(state.waiting, signal)
}

/** The seat is taken. */
async function logIn(state: State, signal: AbortSignal | undefined): Promise<Acquired> {
  const { resolved, shared, logins, emit, entries, seats, reach } = state
  const startedAt = performance.now()
  const login = await openLogin(resolved, {
    ...shared,
    signal: signal === undefined ? logins.signal : AbortSignal.any([signal, logins.signal]),
  })
  if (login.kind === 'fault') {
    seats.giveBack()
    return login
  }
  const { timeouts } = resolved.manager
  const session = openSession(login, { timeouts, reach, onStale: () => onStale(state, entry) })
  if (state.isClosed) {
    session.destroy()
    seats.giveBack()
    return CLOSED
  }
  const entry: Entry = { session, idleTimer: undefined, isShared: false, isStale: false }
  entries.set(session, entry)
  emit(sessionOpened(resolved, login.security, performance.now() - startedAt))
  return { kind: 'session', session }
}

function onStale(state: State, entry: Entry): void {
  entry.isStale = true
  retireIdle(state, entry, 'stale')
}

function follow(state: State, session: Session): boolean {
  const { entries, waiting, seats, isClosed, reach } = state
  const { messagesPerSession } = state.resolved.manager.limits
  const entry = entries.get(session)
  const isWanted = isClosed || seats.isOver || waiting.size > 0
  if (entry === undefined || entry.isShared || isWanted || !session.mayFollow) return false
  if (session.messages >= messagesPerSession || !reach.admit(session)) return false
  entry.isShared = true
  return true
}

function release(state: State, session: Session): void {
  const entry = state.entries.get(session)
  if (entry === undefined) return
  if (entry.isShared && session.isOpen) {
    entry.isShared = false
    return
  }
  state.reach.leave(session)
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

/** Closes a session unless somebody holds it: then `release` sees to it. */
function retireIdle(state: State, entry: Entry, why: SessionEnd): void {
  const at = state.idle.indexOf(entry)
  if (at === -1) return
  state.idle.splice(at, 1)
  void retire(state, entry, why)
}

/** Closes a session that nobody holds; until it is closed its seat stays taken. */
async function retire(state: State, entry: Entry, why: SessionEnd): Promise<void> {
  const { session } = entry
  const giveBack = state.seats.leaveSoon()
  state.entries.delete(session)
  clearTimeout(entry.idleTimer)
  const { name } = state.resolved.manager
  state.emit({ event: 'session-closed', manager: name, messages: session.messages, why })
  if (session.isUsable) await session.quit()
  else session.destroy()
  giveBack()
}

/** Others may have what is not used; those that were used least lately go first. */
function closeSurplus(state: State): void {
  while (state.seats.isOver) {
    const entry = state.idle.shift()
    if (entry === undefined) return
    void retire(state, entry, 'surplus')
  }
}

function serveNext(state: State): void {
  for (const waiter of state.waiting) {
    const entry = state.idle.pop()
    if (entry !== undefined) waiter.serve({ kind: 'session', session: entry.session })
    else if (state.seats.take()) waiter.serve(logIn(state, waiter.signal))
    else return
  }
}

async function close(state: State, deadlineMs: number): Promise<void> {
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
