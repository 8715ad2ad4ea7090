import type { X509Certificate } from 'node:crypto'

import type { Stage } from '../smtp/stage.ts'
import { parseExtensions } from './extensions.ts'
import type { Extensions } from './extensions.ts'

/** A stage of a login and how long it took, in milliseconds; the last one until now. */
export interface TrailStep {
  readonly stage: Stage
  readonly ms: number
}

/** What a login leaves behind for people who verify a connection. */
export interface LoginTrail {
  /** In the order in which they began. */
  readonly steps: readonly TrailStep[]
  /** The address that the name was looked up as, or that was connected to. */
  readonly address: string | undefined
  /** What each answer to EHLO offered: the second one comes over TLS. */
  readonly offers: readonly Extensions[]
  /** The mechanisms that were begun. */
  readonly mechanisms: readonly string[]
  /** What the server showed in its last handshake, also when that failed over it. */
  readonly certificate: X509Certificate | undefined
  readonly enter: (stage: Stage) => void
  readonly reach: (address: string) => void
  readonly see: (certificate: X509Certificate | undefined) => void
  /** A reply came to what was said at `stage`. */
  readonly hear: (reply: string, stage: Stage) => void
  /** Something is said to the server. */
  readonly say: (command: string) => void
}

/** Makes the trail of one login, which begins now with its connection. */
export function createLoginTrail(): LoginTrail {
  const begun: { stage: Stage; at: number }[] = [{ stage: 'connect', at: performance.now() }]
  const offers: Extensions[] = []
  const mechanisms: string[] = []
  let address: string | undefined
  let certificate: X509Certificate | undefined
  return {
    get steps() {
      return begun.map(({ stage, at }, index) => {
        const until = begun[index + 1]?.at ?? performance.now()
        return { stage, ms: Math.round(until - at) }
      })
    },
    get address() {
      return address
    },
    get certificate() {
      return certificate
    },
    offers,
    mechanisms,
    enter: (stage) => {
      if (begun.at(-1)?.stage !== stage) begun.push({ stage, at: performance.now() })
    },
    reach: (at) => {
      address = at
    },
    see: (shown) => {
      certificate = shown
    },
    hear: (reply, stage) => {
      if (stage === 'ehlo' && reply.startsWith('250')) offers.push(parseExtensions(reply))
    },
    say: (command) => {
      const mechanism = /^AUTH ([\w-]+)/i.exec(command)?.[1]
      if (mechanism !== undefined) mechanisms.push(mechanism.toUpperCase())
    },
  }
}
