import { expect, test } from 'vitest'

import { createLocalLeases } from '../../src/fleet/leases.ts'

test('no more sessions are leased than the manager allows', () => {
  const leases = createLocalLeases()
  const first = leases.lease('relay', 5, 3, () => {})
  const second = leases.lease('relay', 5, 3, () => {})
  expect([first.sessions, second.sessions]).toEqual([3, 2])
  expect(leases.lease('other', 5, 5, () => {}).sessions).toBe(5)
})

test('who got none is told when some come back, and giving back twice counts once', () => {
  const leases = createLocalLeases()
  const holder = leases.lease('relay', 2, 2, () => {})
  let told = 0
  const late = leases.lease('relay', 2, 2, () => (told += 1))
  expect(late.sessions).toBe(0)
  holder.release()
  holder.release()
  expect(told).toBe(1)
  expect(leases.lease('relay', 2, 5, () => {}).sessions).toBe(2)
})
