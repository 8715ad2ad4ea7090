import type { Socket } from 'node:net'

import { formatDuration } from '../duration.ts'
import type { Fault } from '../smtp/fault.ts'
import { lookUp } from './addresses.ts'
import type { ConnectionManager } from './connection-manager.ts'
import { dial } from './dial.ts'
import type { Try } from './dial.ts'
import { faultOfLogin } from './login-fault.ts'
import type { LoginTrail } from './login-trail.ts'

/** A connection on which nothing was said yet, or why there is none. */
export type Reached =
  | { readonly kind: 'open'; readonly socket: Socket }
  | { readonly kind: 'fault'; readonly fault: Fault }

export interface ReachOptions {
  readonly signal?: AbortSignal | undefined
  /** Is told the addresses; nobody by default. */
  readonly trail?: LoginTrail | undefined
}

/** What this machine says of an address, or of its whole family: it tells less than a server does. */
const NO_ROUTE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'])

/**
 * Looks the server's name up and connects to one of its addresses, within `timeouts.connect`.
 *
 * Resolves with a fault for whatever goes wrong, at `connect`; never rejects. Whoever gets the socket
 * closes it.
 */
export async function reachServer(
  manager: ConnectionManager,
  { signal, trail }: ReachOptions,
): Promise<Reached> {
  const { server, port, timeouts } = manager
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeouts.connect)
  const ending = signal ? AbortSignal.any([signal, late.signal]) : late.signal
  const isEnded = () => signal?.aborted === true
  try {
    const found = await lookUp(server, timeouts.connect, ending)
    if (isEnded()) return ABORTED
    if (found.kind === 'late') return faultOf('dns', notFound(manager))
    if (found.kind === 'unknown') return { kind: 'fault', fault: unknownHost(manager, found.error) }
    const [first] = found.addresses
    if (first !== undefined) trail?.reach(first)

    const dialled = await dial(found.addresses, port, ending)
    if (dialled.kind === 'open') {
      trail?.reach(dialled.address)
      return dialled
    }
    if (isEnded()) return ABORTED
    const { tries } = dialled
    if (late.signal.aborted) return faultOf('timeout', `${silence(manager)}${describeTries(tries)}`)
    return { kind: 'fault', fault: unreachable(manager, tries) }
  } finally {
    clearTimeout(timer)
  }
}

function faultOf(kind: 'dns' | 'timeout' | 'aborted', detail: string): Reached {
  return { kind: 'fault', fault: { kind, stage: 'connect', detail } }
}

const ABORTED: Reached = faultOf('aborted', 'ended from our side')

function notFound({ server, timeouts }: ConnectionManager): string {
  return `the address of "${server}" was not found within ${formatDuration(timeouts.connect)} (timeouts.connect)`
}

function silence({ timeouts }: ConnectionManager): string {
  return `nothing came for ${formatDuration(timeouts.connect)} (timeouts.connect)`
}

function unknownHost(manager: ConnectionManager, error: NodeJS.ErrnoException): Fault {
  return asLogin(manager, { code: 'EDNS', originalCode: error.code })
}

/** The fault of the try that says most, and what became of all. */
function unreachable(manager: ConnectionManager, tries: readonly Try[]): Fault {
  const errors = tries.flatMap(({ error }) => (error ? [error] : []))
  const telling = errors.find(({ code = '' }) => !NO_ROUTE.has(code)) ?? errors[0]
  const fault = asLogin(manager, { code: 'ESOCKET', originalCode: telling?.code })
  if (fault.kind === 'reply') return fault
  return { ...fault, detail: `${fault.detail}${describeTries(tries)}` }
}

function asLogin(
  manager: ConnectionManager,
  facts: { readonly code: string; readonly originalCode: string | undefined },
): Fault {
  const error = Object.assign(new Error('no connection'), facts)
  return faultOfLogin(error, { stage: 'connect', manager, offersStartTls: false })
}

/** Which address did what; a single one needs no list. */
function describeTries(tries: readonly Try[]): string {
  if (tries.length < 2) return ''
  const list = tries.map(({ address, error }) => `${address} ${error?.code ?? 'is silent'}`)
  return ` (${list.join(', ')})`
}
