import { expect, test } from 'vitest'

import { createKerberos } from '../../src/connections/auth/kerberos/kerberos.ts'
import { createTokens } from '../../src/connections/auth/oauth2/tokens.ts'
import { createSeats } from '../../src/connections/seats.ts'
import type { ResolvedManager } from '../../src/connections/secrets.ts'
import type { Health } from '../../src/fleet/health.ts'
import { openGate, type Gate } from '../../src/worker/gate.ts'
import { join } from '../fleet/open-health.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores } from '../support/stores.ts'

const SIGNAL = new AbortController().signal

function gateOf(manager: ResolvedManager, health: Health): AsyncDisposable & { gate: Gate } {
  const gate = openGate(
    'relay',
    manager,
    {
      health,
      emit: () => {},
      seats: () => createSeats(() => 10),
      rules: () => [],
      tokens: createTokens(),
      kerberos: createKerberos(),
    },
    () => Promise.resolve(false),
  )
  return { gate, [Symbol.asyncDispose]: () => gate.close(0) }
}

describeStores('a gate', (place) => {
  test('asks nothing when it turns out that somebody else has just been let in', async () => {
    await using server = await startSmtpServer()
    const manager = await managerFor(server)
    const at = place()
    // Nobody hears of what the other finds, as when the notice is still on its way.
    const deaf = { everyMs: 3_600_000 }
    const mute = { publish: () => Promise.resolve() }
    await using first = await join(at, 'first', deaf, (store) => ({ ...store, ...mute }))
    await using second = await join(at, 'second', deaf)
    await using one = gateOf(manager, first.health)
    await using other = gateOf(manager, second.health)
    const { key } = one.gate

    await one.gate.probe(SIGNAL, () => true)
    expect(server.connections).toBe(1)
    // What was found is written down after the answer.
    await using reader = await join(at, 'reader', { everyMs: 50 })
    await expect.poll(() => reader.health.circuit(key).state).toBe('closed')
    expect(second.health.circuit(key).state).toBe('unknown')
    await other.gate.probe(SIGNAL, () => true)
    expect(second.health.circuit(key).state).toBe('closed')
    expect(server.connections).toBe(1)
  })

  test('leaves the question to others when it is not wanted any more', async () => {
    await using server = await startSmtpServer()
    const manager = await managerFor(server)
    const at = place()
    await using first = await join(at, 'first')
    await using second = await join(at, 'second')
    await using one = gateOf(manager, first.health)
    await using other = gateOf(manager, second.health)

    await one.gate.probe(SIGNAL, () => false)
    expect(server.connections).toBe(0)
    const ask = async (): Promise<number> => {
      await other.gate.probe(SIGNAL, () => true)
      return server.connections
    }
    await expect.poll(ask).toBe(1)
  })
})
