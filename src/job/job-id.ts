import { hash, randomBytes } from 'node:crypto'

/**
 * The id of every message that is asked for with this idempotency key: always the same.
 *
 * Ids hold no `:` and are never digits only, because BullMQ refuses both.
 */
export function jobIdOfKey(idempotencyKey: string): string {
  return `m-${hash('sha256', idempotencyKey, 'base64url')}`
}

/** A new id; ids sort by the millisecond in which they were made. */
export function newJobId(now: Date): string {
  const time = now.getTime().toString(16).padStart(12, '0')
  return `m-${time}${randomBytes(10).toString('hex')}`
}
