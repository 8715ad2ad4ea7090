import { expect, test } from 'vitest'

import { createLocalHealth } from '../../src/fleet/health.ts'

const RELAY = { name: 'relay', digest: 'd1' }

test('while a manager is unknown one asks and the others wait', () => {
  const health = createLocalHealth()
  expect(health.admit(RELAY)).toEqual({ kind: 'probe' })
  expect(health.admit(RELAY)).toMatchObject({ kind: 'wait' })
  health.report(RELAY, { kind: 'let-in' })
  expect(health.admit(RELAY)).toEqual({ kind: 'go' })
})

test('a fault opens the circuit at once and one probe is let in when its time has come', () => {
  let now = 0
  const health = createLocalHealth({ now: () => now, random: () => 0.5 })
  health.report(RELAY, { kind: 'fault' })
  expect(health.admit(RELAY)).toEqual({ kind: 'wait', forMs: 1_000 })
  now = 1_000
  expect(health.admit(RELAY)).toEqual({ kind: 'probe' })
  expect(health.admit(RELAY)).toMatchObject({ kind: 'wait' })
})

test('a changed credential is another manager, whose health nobody knows', () => {
  const health = createLocalHealth()
  health.report(RELAY, { kind: 'auth' })
  expect(health.admit({ ...RELAY, digest: 'd2' })).toEqual({ kind: 'probe' })
  expect(health.admit(RELAY)).toMatchObject({ kind: 'wait' })
})

test('listeners hear each change of state once', () => {
  const health = createLocalHealth()
  const heard: string[] = []
  const stop = health.onChange((manager, circuit) => heard.push(`${manager.name} ${circuit.state}`))
  health.admit(RELAY)
  health.report(RELAY, { kind: 'let-in' })
  health.report(RELAY, { kind: 'let-in' })
  health.report(RELAY, { kind: 'auth' })
  stop()
  health.report(RELAY, { kind: 'let-in' })
  expect(heard).toEqual(['relay closed', 'relay open'])
})
