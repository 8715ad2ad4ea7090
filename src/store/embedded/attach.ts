import { setTimeout as sleep } from 'node:timers/promises'

import { isMailroomError } from '../../errors.ts'
import { type Account, checkReach, chooseAccount } from './account.ts'
import { type Binaries, prepareBinaries } from './binaries.ts'
import { createCluster } from './cluster.ts'
import { openPlace, type Place, readVersion } from './directory.ts'
import { EmbeddedStartError } from './errors.ts'
import { lastLogLine, launch } from './launch.ts'
import { type EmbeddedConnection, join, type Membership } from './membership.ts'
import { findBinaryPackage, type ResolvePackage } from './package.ts'
import { isAlive, readPostmaster } from './postmaster.ts'
import { releaseStaleLock } from './stale-lock.ts'

export interface AttachOptions {
  /** How long the server may take to come up, at the start and after each loss; 30,000 by default. */
  readonly patienceMs?: number
  /** Ends the wait for the server; a server that is up stays up. */
  readonly signal?: AbortSignal
  /** Told each time the server goes away unasked; we are on our way back to it already. */
  readonly onLost?: () => void
  /** How packages are found; as Node.js does by default. */
  readonly resolve?: ResolvePackage
}

/** This process as a user of an embedded store's server. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** Whether we started the server, at first or after a loss. */
  readonly hasStarted: boolean
  /**
   * How to connect, once the server is up: starts it again when it went away, perhaps on another
   * port, so ask after every lost connection. Rejects like `attachEmbedded`.
   */
  parameters(): Promise<EmbeddedConnection>
  /** Leaves; the last user stops the server. Answers whether it did. Close all connections before. */
  detach(): Promise<boolean>
}

/**
 * Makes this process a user of the Postgres in `directory`: creates it if it is new, starts its
 * server unless another process did, and keeps a session there as long as we use it.
 *
 * Throws `EmbeddedPostgresMissingError`, `EmbeddedDirUnreachableError`,
 * `EmbeddedDirUnwritableError`, `EmbeddedDirOccupiedError`, `EmbeddedVersionMismatchError`,
 * `EmbeddedStartError`, and the signal's reason.
 */
export async function attachEmbedded(
  directory: string,
  options: AttachOptions = {},
): Promise<EmbeddedPostgres> {
  const leaving = new AbortController()
  const signal = AbortSignal.any([leaving.signal, ...(options.signal ? [options.signal] : [])])
  let hasStarted = false
  const onStarted = (): void => void (hasStarted = true)
  let current: Promise<Membership> | undefined

  /** The one membership that we have or are getting. */
  function membership(within: AbortSignal): Promise<Membership> {
    if (current !== undefined) return current
    const entering = enter(directory, { ...options, signal: within, onStarted })
    current = entering
    const forget = (): void => {
      if (current === entering) current = undefined
    }
    entering.then(({ ended }) => ended.then(forget).then(returnAfterLoss), forget)
    return entering
  }

  function returnAfterLoss(): void {
    if (leaving.signal.aborted) return
    options.onLost?.()
    membership(leaving.signal).catch(() => undefined) // whoever asks for parameters hears why
  }

  await membership(signal)
  async function detach(): Promise<boolean> {
    if (leaving.signal.aborted) return false
    const last = current
    leaving.abort()
    const member = await last?.catch(() => undefined)
    return member?.leave() ?? false
  }
  return {
    get hasStarted() {
      return hasStarted
    },
    async parameters() {
      leaving.signal.throwIfAborted()
      return (await membership(leaving.signal)).connection
    },
    detach,
    [Symbol.asyncDispose]: async () => void (await detach()),
  }
}

interface EnterOptions extends AttachOptions {
  readonly signal: AbortSignal
  readonly onStarted: () => void
}

/** Gets in, or leaves nothing of ours behind. */
async function enter(directory: string, options: EnterOptions): Promise<Membership> {
  let started: number | undefined
  const onStarted = (pid: number): void => {
    started = pid
  }
  try {
    const member = await goRound(await openPlace(directory), options, onStarted)
    if (started !== undefined) options.onStarted()
    return member
  } catch (error) {
    // Those who are in come back by themselves.
    if (started !== undefined && isAlive(started)) process.kill(started, 'SIGINT')
    throw error
  }
}

/** Goes round until we are in: others create, start and stop the server at the same time. */
async function goRound(
  place: Place,
  { signal, resolve, patienceMs = 30_000 }: AttachOptions & { readonly signal: AbortSignal },
  onStarted: (pid: number) => void,
): Promise<Membership> {
  const deadline = Date.now() + patienceMs
  let tools: Promise<Tools> | undefined
  let last: unknown
  let pauseMs = 20
  for (;;) {
    signal.throwIfAborted()
    const found = await readPostmaster(place)
    if (found?.isReady === true && found.life !== 'gone') {
      try {
        return await join(place, found)
      } catch (error) {
        if (isMailroomError(error)) throw error
        last = error
      }
    }
    if (found?.life !== 'ours') {
      tools ??= openTools(place, resolve)
      const { binaries, account } = await tools
      if ((await readVersion(place)) === undefined) {
        await createCluster(place, binaries, account)
      } else {
        await releaseStaleLock(place)
        const pid = await launch({ place, binaries, account, deadline, signal })
        if (pid !== undefined) onStarted(pid)
        // One that keeps ending by itself is not started hundreds of times.
        else pauseMs = Math.min(pauseMs * 1.5, 1000)
      }
    }
    if (Date.now() > deadline) throw await tooLate(place, last)
    await sleep(pauseMs * (1 + Math.random()), undefined, { signal })
  }
}

interface Tools {
  readonly binaries: Binaries
  readonly account: Account | undefined
}

async function openTools(place: Place, resolve: ResolvePackage | undefined): Promise<Tools> {
  const found = await findBinaryPackage(resolve)
  const account = await chooseAccount(place.data)
  if (account !== undefined) await checkReach(place.directory, account)
  return { binaries: await prepareBinaries(found, account), account }
}

async function tooLate(place: Place, cause: unknown): Promise<EmbeddedStartError> {
  const reason = cause instanceof Error ? cause.message : await lastLogLine(place)
  return new EmbeddedStartError(place.directory, reason || 'no answer in time', { cause })
}
