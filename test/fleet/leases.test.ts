import { expect, test } from 'vitest'

import { createLocalLeases } from '../../src/fleet/leases.ts'

test('no more sessions are leased than the manager allows', () => {
  const leases = createLocalLeases()
  const first = leases.lease('relay', 5, 3, () => {})
  const second = leases.lease('relay', 5, 3, () => {})
  expect([first.sessions, second.sessions]).toEqual([3, 2])
  expect(leases.lease('other', 5, 5, () => {}).sessions).toBe(5)
})

test('who got too few grows by what others keep no longer, and only by that', () => {
  const leases = createLocalLeases()
  const leaving = leases.lease('relay', 5, 5, () => {})
  leaving.keep(2)
  let told = 0
  const late = leases.lease('relay', 5, 5, () => {
    told += 1
    late.grow()
  })
  expect([leaving.sessions, late.sessions]).toEqual([2, 3])
  leaving.grow()
  leaving.keep(4)
  leaving.keep(1)
  expect([leaving.sessions, late.sessions, told]).toEqual([1, 4, 1])
  leaving.release()
  leaving.release()
  expect([leaving.sessions, late.sessions, told]).toEqual([0, 5, 2])
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
