import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Systems give out ports from 32,768 on by themselves, for whoever listens or connects: who let go of one of
 * those may find it taken. Below them nobody takes a port that he does not ask for.
 */
const LOWEST = 12_000
const PER_WORKER = 1_500
const WORKERS = 12

/** Those of a worker of vitest are no other one's. */
const first = LOWEST + (Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS) * PER_WORKER
/** Another checkout's tests begin elsewhere. */
let next = Math.floor(Math.random() * PER_WORKER)

/** A TCP port of 127.0.0.1 that nobody listens on, nor will before who asked for it does. */
export async function freePort(): Promise<number> {
  for (let tries = 1; tries <= PER_WORKER; tries += 1) {
    const port = first + next
    next = (next + 1) % PER_WORKER
    if (await isFree(port)) return port
  }
  throw new Error(`none of the ports from ${first} to ${first + PER_WORKER - 1} is free`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}
