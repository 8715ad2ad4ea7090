import { hash, randomUUID } from 'node:crypto'

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
  // Of the 122 random bits, which come from a pool, those are left out that stand beside fixed ones.
  const uuid = randomUUID()
  return `m-${time}${uuid.slice(0, 8)}${uuid.slice(24)}`
}
