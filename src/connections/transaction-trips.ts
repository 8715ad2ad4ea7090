import { tripSince } from './distance.ts'
import type { Run } from './transaction-run.ts'

/** Learns how far the server is from its answer to MAIL; of who follows it says nothing. */
export function learnOfMail({ wire, isFollower, begunAt, idleAt }: Run): void {
  if (!wire.extensions.pipelining || isFollower) return
  wire.reach.heardOfMail(tripSince(begunAt, idleAt))
}

/** Learns how far the server is from its answer to the final dot, and how long a message takes. */
export function learnOfDot({ wire, dotAt, dotIdleAt, begunAt }: Run): void {
  wire.reach.heardOfDot(tripSince(dotAt, dotIdleAt), performance.now() - begunAt)
}
