import { expect, test } from 'vitest'

import type { MessageRecord, MessageState } from '../../src/index.ts'
import { account, type Evidence } from './accountant.ts'

interface Fate {
  readonly state?: MessageState
  /** How often the server has it. */
  readonly copies?: number
  readonly wasUncertain?: boolean
}

function balanceOf(fate: Fate, policy: Evidence['policy'] = 'hold') {
  const record = fate.state && ({ id: 'm-1', state: fate.state } as MessageRecord)
  const copy = { number: 1, messageId: '<1@example.com>', client: 'worker-1' }
  return account({
    policy,
    accepted: new Map([[1, 'm-1']]),
    book: Array.from({ length: fate.copies ?? 0 }, () => copy),
    records: new Map([[1, record]]),
    everUncertain: new Set(fate.wasUncertain === true ? [1] : []),
  })
}

const GOOD: readonly [what: string, fate: Fate, policy?: Evidence['policy']][] = [
  ['delivered', { state: 'delivered', copies: 1 }],
  ['refused', { state: 'refused' }],
  ['uncertain and taken', { state: 'uncertain', copies: 1 }],
  ['uncertain and not taken', { state: 'uncertain' }],
  ['sent again when uncertain', { state: 'delivered', copies: 2, wasUncertain: true }, 'resend'],
  ['given up by choice', { state: 'delivered', wasUncertain: true }, 'accept'],
]

test.for(GOOD)('%s is right', ([, fate, policy]) => {
  expect(balanceOf(fate, policy).wrongs).toEqual([])
})

const WRONG: readonly [what: string, fate: Fate, policy?: Evidence['policy']][] = [
  ['called delivered, and the server has not got it', { state: 'delivered' }],
  ['known to nobody', {}],
  ['forgotten by the ledger', { copies: 1 }],
  ['called refused, and the server has it', { state: 'refused', copies: 1 }],
  ['never ended', { state: 'deferred' }],
  ['sent twice', { state: 'delivered', copies: 2 }],
  ['sent twice on hold', { state: 'delivered', copies: 2, wasUncertain: true }],
  ['sent twice without a doubt', { state: 'delivered', copies: 2 }, 'resend'],
  ['sent three times', { state: 'delivered', copies: 3, wasUncertain: true }, 'resend'],
  ['given up without a doubt', { state: 'delivered' }, 'accept'],
]

test.for(WRONG)('%s is wrong', ([, fate, policy]) => {
  expect(balanceOf(fate, policy).wrongs).toHaveLength(1)
})

test('the columns of the table count what they say', () => {
  expect(balanceOf({ state: 'delivered', copies: 2 })).toMatchObject({
    messages: 1,
    delivered: 1,
    duplicated: 1,
    lost: 0,
    uncertain: 0,
  })
  expect(balanceOf({ state: 'delivered' })).toMatchObject({ delivered: 0, lost: 1 })
  expect(balanceOf({ state: 'uncertain', copies: 1 })).toMatchObject({
    uncertain: 1,
    uncertainDelivered: 1,
    delivered: 1,
  })
})
