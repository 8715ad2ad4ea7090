import { expect } from 'vitest'

import type { Ledger } from '../../src/ledger/ledger.ts'
import type { UncertainPlan } from '../../src/ledger/uncertain.ts'

/** A worker that handed the message over, heard no answer, and died before it ended the job. */
export async function leaveUncertain(
  { ledger }: { readonly ledger: Ledger },
  id: string,
  plan?: UncertainPlan,
): Promise<void> {
  const recipients = ['ann@example.org']
  const claim = await ledger.claim({ id, worker: 'w', connection: 'relay', recipients })
  if (claim.kind !== 'claimed') throw new Error(`expected a claim, got "${claim.kind}"`)
  expect(await ledger.mark(id, claim.fence, [0], 1, plan)).toBe(true)
  const outcomes = [{ index: 0, state: 'uncertain' } as const]
  const settled = await ledger.settle(id, claim.fence, { outcomes, isAttempt: true })
  expect(settled).toMatchObject({ state: 'uncertain' })
}
