import dns from 'node:dns'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import { expect, test, vi } from 'vitest'

import { openLogin } from '../../src/connections/login.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'

const [SILENT, OPEN] = ['127.0.0.2', '127.0.0.1']

type Found = (error: null, addresses: readonly unknown[]) => void

test('a server is reached although its first address is silent', async () => {
  await using server = await startScriptedServer({
    // Comes to its end after the time for the connection, which is none for what follows.
    GREETING: () => ({ pieces: ['220 ', ...Array.from({ length: 700 }, () => 'x'), '\r\n'] }),
  })
  await using _silent = await startSilence(server.port)
  using _names = knowAddresses([SILENT, OPEN])
  const started = Date.now()
  const resolved = await managerFor(server, {
    server: 'two-addresses.test',
    timeouts: { connect: '2s' },
  })
  const login = await openLogin(resolved)
  expect(login).toMatchObject({ kind: 'open' })
  if (login.kind === 'open') login.socket.destroy()
  expect(Date.now() - started).toBeGreaterThan(2000)
})

/** Takes the place of all name look-ups; the addresses are tried in their order. */
function knowAddresses(addresses: readonly string[]): Disposable {
  const { lookup, Resolver } = dns
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.99)
  Reflect.set(
    dns,
    'Resolver',
    class {
      readonly resolve4 = (_name: string, found: Found) => found(null, [])
      readonly resolve6 = this.resolve4
    },
  )
  Reflect.set(dns, 'lookup', (_name: string, _options: object, found: Found) => {
    found(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    )
  })
  return {
    [Symbol.dispose]: () => {
      Object.assign(dns, { lookup, Resolver })
      random.mockRestore()
    },
  }
}

/** Listens in a thread that stands still, and fills its backlog: further SYNs are dropped. */
async function startSilence(port: number): Promise<AsyncDisposable> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
    require('node:net').createServer().listen({ port: ${port}, host: '${SILENT}', backlog: 1 }, () => {
      parentPort.postMessage('listening')
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 0)
    })`,
    { eval: true },
  )
  await once(worker, 'message')
  await setTimeout(100)
  const fillers = Array.from({ length: 8 }, () => connect(port, SILENT).on('error', () => {}))
  await setTimeout(100)
  expect(fillers.some(({ connecting }) => connecting)).toBe(true)
  return {
    [Symbol.asyncDispose]: async () => {
      for (const filler of fillers) filler.destroy()
      await worker.terminate()
    },
  }
}
