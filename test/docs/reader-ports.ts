import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Nobody's ports, below those that systems give out by themselves: who has one has the ports of it. */
const LOCKS = { pages: 30_801, health: 30_802 } as const

/**
 * Waits until no other test, of another checkout neither, has the ports of `mailroom dev` and `mailroom
 * dashboard`, or that of a worker's health, which documents run as written; they are free again when it
 * is disposed, or its process has ended.
 */
export async function readerPorts(of: keyof typeof LOCKS): Promise<AsyncDisposable> {
  for (;;) {
    const server = createServer()
    try {
      await once(server.listen(LOCKS[of], '127.0.0.1'), 'listening')
      return server
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
      await sleep(50)
    }
  }
}
