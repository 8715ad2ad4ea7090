import dns from 'node:dns'
import { once } from 'node:events'
import { connect, isIPv6 } from 'node:net'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

import { expect, test, vi } from 'vitest'

import { openLogin } from '../../src/connections/login.ts'
import { freePort } from '../support/free-port.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'

const [SILENT, OPEN] = ['127.0.0.2', '127.0.0.1']
const [SHUT, ALSO_SHUT] = ['127.0.0.3', '127.0.0.4']
const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

type Found = (error: null, addresses: readonly unknown[]) => void

test('a server is reached although its first address is silent', async () => {
  await using server = await startScriptedServer({ GREETING: '' })
  await using _silent = await startSilence(server.port)
  using _names = knowAddresses([SILENT, OPEN])
  const started = performance.now()
  const resolved = await managerFor(server, {
    server: 'two-addresses.test',
    timeouts: { connect: '2s' },
  })
  const opening = openLogin(resolved)
  await expect.poll(() => server.open).toBe(1)
  // Greeted when the time for the connection is over, which is none for what follows.
  await expect.poll(() => performance.now() - started, { timeout: 5_000 }).toBeGreaterThan(2_100)
  server.say('220 scripted ESMTP')
  const login = await opening
  expect(login).toMatchObject({ kind: 'open' })
  if (login.kind === 'open') login.socket.destroy()
})

test.for<[what: string, others: readonly string[]]>([
  ['the others refuse', [SHUT, ALSO_SHUT]],
  ['the others are of the other family', ['::1']],
])('an address that is slow to answer is waited for when %s', async ([, others], { skip }) => {
  skip(others.includes('::1') && !HAS_IPV6, 'this machine has no IPv6')
  await using server = await startScriptedServer()
  await using silence = await startSilence(server.port)
  using _names = knowAddresses([SILENT, ...others])
  const resolved = await managerFor(server, { server: `slow-${others.length}.test` })
  const login = openLogin(resolved)
  // The others have refused by then; the system asks a silent address again after a second.
  await setTimeout(500)
  silence.end()
  expect(await addressOf(login)).toBe(SILENT)
})

test.for<[what: string, addresses: readonly string[], kind: string, says: string]>([
  [
    'all of them refuse',
    [SHUT, ALSO_SHUT],
    'refused',
    `: ECONNREFUSED (${SHUT} ECONNREFUSED, ${ALSO_SHUT} ECONNREFUSED)`,
  ],
  [
    'one is silent',
    [SILENT, SHUT],
    'timeout',
    `for 2s (timeouts.connect) (${SILENT} is silent, ${SHUT} ECONNREFUSED)`,
  ],
])('no session, and a word on each address, when %s', async ([, addresses, kind, says]) => {
  const port = await freePort()
  await using _silent = await startSilence(port)
  using _names = knowAddresses(addresses)
  const server = `no-${kind}.test`
  const login = await openLogin(await managerFor({ port }, { server, timeouts: { connect: '2s' } }))
  expect(login).toMatchObject({
    fault: { kind, stage: 'connect', detail: expect.stringContaining(says) },
  })
})

test('a login that is aborted waits for no address', async () => {
  const port = await freePort()
  await using _silent = await startSilence(port)
  using _names = knowAddresses([SILENT, SHUT])
  const aborter = new AbortController()
  const resolved = await managerFor({ port }, { server: 'aborted.test' })
  const login = openLogin(resolved, { signal: aborter.signal })
  await setTimeout(100)
  aborter.abort()
  expect(await login).toMatchObject({ fault: { kind: 'aborted', stage: 'connect' } })
})

async function addressOf(login: ReturnType<typeof openLogin>): Promise<string | undefined> {
  const ended = await login
  if (ended.kind === 'fault') throw new Error(JSON.stringify(ended.fault))
  const socket: Socket = ended.socket
  const { remoteAddress } = socket
  socket.destroy()
  return remoteAddress
}

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
      addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
    )
  })
  return {
    [Symbol.dispose]: () => {
      Object.assign(dns, { lookup, Resolver })
      random.mockRestore()
    },
  }
}

/** An address at which nobody answers, until it is ended. */
interface Silence extends AsyncDisposable {
  /** From now on what comes is led to the server at the same port of OPEN. */
  readonly end: () => void
}

/** Listens in a thread that stands still, and fills its backlog: further SYNs are dropped. */
async function startSilence(port: number): Promise<Silence> {
  const still = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    const { createServer, connect } = require('node:net')
    const onClient = (client) => {
      const server = connect(${port}, '${OPEN}')
      client.on('error', () => server.destroy()).pipe(server).on('error', () => client.destroy()).pipe(client)
    }
    createServer(onClient).listen({ port: ${port}, host: '${SILENT}', backlog: 1 }, () => {
      parentPort.postMessage('listening')
      Atomics.wait(workerData, 0, 0)
    })`,
    { eval: true, workerData: still },
  )
  await once(worker, 'message')
  const fillers = Array.from({ length: 8 }, () => connect(port, SILENT).on('error', () => {}))
  // As many are kept for who listens as the backlog says, and one.
  await expect.poll(() => fillers.filter(({ connecting }) => !connecting).length).toBe(2)
  const end = () => {
    for (const filler of fillers) filler.destroy()
    Atomics.store(still, 0, 1)
    Atomics.notify(still, 0)
  }
  return {
    end,
    [Symbol.asyncDispose]: async () => {
      end()
      await worker.terminate()
    },
  }
}
