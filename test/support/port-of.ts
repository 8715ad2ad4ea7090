import type { Server } from 'node:net'

/** The port that a server of TCP connections listens on. */
export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return address.port
}
