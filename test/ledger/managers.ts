import { describe, expect, test } from 'vitest'

import type { Claim } from '../../src/ledger/claim.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { LONG_MS, newRecord, type OpenLedger } from './ledger-under-test.ts'
import { RESEND } from './uncertain.ts'

const ONE = ['ann@example.com']
const UNKNOWN = { stage: 'dot', text: 'no answer', rule: 'stage.dot' } as const
const { connection } = newRecord('m1')

function claimBy(ledger: Ledger, manager?: string): Promise<Claim> {
  const by = manager === undefined ? {} : { manager }
  return ledger.claim({ id: 'm1', worker: 'w', connection, recipients: ONE, ...by })
}

async function fenceBy(ledger: Ledger, manager: string): Promise<number> {
  const claim = await claimBy(ledger, manager)
  if (claim.kind !== 'claimed') throw new Error(`expected a claim, got "${claim.kind}"`)
  return claim.fence
}

/** Hands the message over through `manager`, and no answer comes. */
async function leaveInDoubt(ledger: Ledger, manager: string): Promise<void> {
  const fence = await fenceBy(ledger, manager)
  expect(await ledger.mark('m1', fence, [0], LONG_MS)).toBe(true)
  await ledger.settle('m1', fence, {
    outcomes: [{ index: 0, state: 'uncertain', ...UNKNOWN }],
    isAttempt: true,
    last: UNKNOWN,
  })
}

/** What every ledger promises of messages that several managers may carry. */
export function testManagers(open: OpenLedger): void {
  describe('a message that several managers may carry', () => {
    test('goes through any while none of them had it', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const fence = await fenceBy(ledger, ': a')
      await ledger.settle('m1', fence, { outcomes: [], isAttempt: true, retryInMs: 0 })
      expect(await claimBy(ledger, 'b')).toMatchObject({ kind: 'claimed', attempts: 1 })
      expect(await claimBy(ledger, 'c')).toMatchObject({ kind: 'claimed' })
    })

    test.for(['resend', 'reopen'] as const)('goes nowhere else after a %s', async (way) => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      await leaveInDoubt(ledger, ': a')
      if (way === 'resend') await ledger.settleUncertain('m1', way)
      else await ledger.reopen('m1', { evenIfUncertain: true })
      const elsewhere = { kind: 'elsewhere', manager: ': a', turned: 0 }
      expect(await claimBy(ledger, 'b')).toEqual(elsewhere)
      expect(await claimBy(ledger, connection)).toEqual(elsewhere)
      expect(await ledger.get('m1')).toMatchObject({ state: 'deferred', claims: 0 })

      const fence = await fenceBy(ledger, ': a')
      await ledger.settle('m1', fence, { outcomes: [], isAttempt: true, retryInMs: 0 })
      expect(await claimBy(ledger, 'b')).toEqual(elsewhere)
      const last = await fenceBy(ledger, ': a')
      await ledger.settle('m1', last, { outcomes: [], rest: 'expired', isAttempt: false })
      expect(await ledger.get('m1')).toMatchObject({ state: 'uncertain' })
    })

    test('stays with the one of a worker that died behind its final dot', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const fence = await fenceBy(ledger, ': a')
      expect(await ledger.mark('m1', fence, [0], 1, RESEND)).toBe(true)
      let found = await claimBy(ledger, 'b')
      await expect
        .poll(async () => {
          if (found.kind === 'in-doubt') found = await claimBy(ledger, 'b')
          return found
        })
        .toEqual({
          kind: 'elsewhere',
          manager: ': a',
          turned: 1,
          done: { way: 'resend', recipients: 1 },
        })
      expect(await claimBy(ledger, ': a')).toMatchObject({ kind: 'claimed', pending: [0] })
    })

    test('stays with the manager of its own name, when that is the name of a group now', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      await leaveInDoubt(ledger, connection)
      await ledger.settleUncertain('m1', 'resend')
      const elsewhere = { kind: 'elsewhere', manager: connection, turned: 0 }
      expect(await claimBy(ledger, 'b')).toEqual(elsewhere)
      expect(await claimBy(ledger)).toMatchObject({ kind: 'claimed' })
      expect(await claimBy(ledger, connection)).toMatchObject({ kind: 'claimed' })
    })

    test('whose final dot nobody saw answered goes through no member of a later group', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const fence = await fenceBy(ledger, connection)
      expect(await ledger.mark('m1', fence, [0], 1, RESEND)).toBe(true)
      await expect
        .poll(() => claimBy(ledger, 'b'))
        .toMatchObject({ kind: 'elsewhere', manager: connection })
    })
  })
}
