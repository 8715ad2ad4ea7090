import { expect } from 'vitest'

import type { Claim } from '../../src/ledger/claim.ts'
import type { Ledger, NewRecord, RecipientOutcome } from '../../src/ledger/ledger.ts'
import type { UncertainPlan } from '../../src/ledger/uncertain.ts'

/** A ledger in a store of its own, and what a test may do to that store behind its back. */
export interface LedgerUnderTest extends AsyncDisposable {
  readonly ledger: Ledger
  /** Loses a record, as a store does that lost its last second. */
  lose(id: string): Promise<void>
}

/** Gives an empty ledger at each call. */
export type OpenLedger = () => Promise<LedgerUnderTest>

/** Long enough that no test sees a mark's time run out. */
export const LONG_MS = 60_000

/** Longer than any test takes. */
export function inAnHour(): Date {
  return new Date(Date.now() + 3_600_000)
}

/** What the producer records, with one recipient unless said otherwise. */
export function newRecord(id: string, recipients = ['ann@example.com']): NewRecord {
  return {
    id,
    connection: 'Relay "München": 1',
    messageId: `<${id}@example.com>`,
    digest: `digest of ${id}`,
    recipients,
  }
}

/** Claims for a worker, as jobs of `newRecord` do. */
export function claimOf(
  ledger: Ledger,
  id: string,
  {
    worker = 'worker',
    recipients = ['ann@example.com'],
    digest,
  }: {
    readonly worker?: string
    readonly recipients?: readonly string[]
    readonly digest?: string
  } = {},
): Promise<Claim> {
  const request = { id, worker, connection: 'Relay "München": 1', recipients }
  return ledger.claim(digest === undefined ? request : { ...request, digest })
}

/** Claims a message that is known to be free, and gives the fence. */
export async function fenceOf(
  ledger: Ledger,
  id: string,
  recipients = ['ann@example.com'],
): Promise<number> {
  const claim = await claimOf(ledger, id, { recipients })
  if (claim.kind !== 'claimed') throw new Error(`expected a claim, got "${claim.kind}"`)
  return claim.fence
}

export const OK = { stage: 'dot', code: 250, status: '2.0.0' } as const
export const BUSY = { stage: 'rcpt', code: 450, status: '4.2.1', text: 'busy', rule: 'r1' } as const
export const NOBODY = { stage: 'rcpt', code: 550, status: '5.1.1', text: 'no such user' } as const

export function delivered(index: number): RecipientOutcome {
  return { index, state: 'delivered', ...OK }
}

export function deferred(index: number): RecipientOutcome {
  return { index, state: 'pending', ...BUSY }
}

export function refused(index: number): RecipientOutcome {
  return { index, state: 'refused', ...NOBODY }
}

/** A worker that marks with an answer due at once, and freezes. */
export async function markedAndGone(
  ledger: Ledger,
  id: string,
  marked: readonly number[] = [0],
  recipients = ['ann@example.com'],
  plan?: UncertainPlan,
): Promise<number> {
  const fence = await fenceOf(ledger, id, recipients)
  expect(await ledger.mark(id, fence, marked, 1, plan)).toBe(true)
  return fence
}

/** Claims until the time of the mark is over; every claim is an attempt of another worker. */
export async function claimsUntil(
  ledger: Ledger,
  id: string,
  kind: 'claimed' | 'settled',
): Promise<Awaited<ReturnType<typeof claimOf>>> {
  let claim = await claimOf(ledger, id)
  await expect
    .poll(async () => {
      if (claim.kind === 'in-doubt') claim = await claimOf(ledger, id)
      return claim.kind
    })
    .toBe(kind)
  return claim
}
