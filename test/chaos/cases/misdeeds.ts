import { DEEDS, everywhere, type Deed } from '../misdeeds.ts'
import type { ChaosCase } from '../run-case.ts'

const SHARES = { sessions: 0.2, messages: 0.4, attempts: 2 }
const STORES = ['redis', 'postgres'] as const

/** Shorter than the silence of a server that is late. */
const STEPS = ['greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'body'] as const
const HASTY = {
  timeouts: { ...Object.fromEntries(STEPS.map((step) => [step, '500ms'])), dot: '1500ms' },
}

const NAMES: Readonly<Record<Deed, string>> = {
  close: 'server closes the connection',
  reset: 'server resets the connection',
  hang: 'server never answers',
  '421': 'server answers 421 and closes',
  '4xx': 'server answers 4yz',
  '5xx': 'server answers 5yz',
  trickle: 'server answers piece by piece',
  late: 'server answers after the time-out',
  'take-and-drop': 'server accepts, and resets before its 250',
}
/** Behind these the fate of every message is known. */
const CLEAR: readonly Deed[] = ['421', '4xx', '5xx', 'trickle']
const SLOW: readonly Deed[] = ['hang', 'late']

/** A server that does one of them at every point where that is possible. */
export const MISDEEDS: readonly ChaosCase[] = DEEDS.map((deed) => ({
  name: NAMES[deed],
  stores: STORES,
  plan: { misdeeds: everywhere([deed]), ...SHARES },
  fate: CLEAR.includes(deed) ? 'known' : 'in doubt',
  ...(SLOW.includes(deed) ? { relay: HASTY } : {}),
}))

/** A server that does everything that it can, at every point. */
export const ALL_MISDEEDS: ChaosCase = {
  name: 'server misbehaves in every way',
  stores: STORES,
  plan: { misdeeds: everywhere(), ...SHARES },
  relay: HASTY,
}
