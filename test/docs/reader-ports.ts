import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Nobody's port, below those that systems give out by themselves. */
const LOCK = 30_801

/**
 * Waits until no other test has the ports of `mailroom dev` and `mailroom dashboard`, which documents
 * run as written; they are free again when it is disposed, or its process has ended.
 */
export async function readerPorts(): Promise<AsyncDisposable> {
  for (;;) {
    const server = createServer()
    try {
      await once(server.listen(LOCK, '127.0.0.1'), 'listening')
      return server
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
      await sleep(50)
    }
  }
}
