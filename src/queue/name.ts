import { InvalidQueueNameError } from './errors.ts'

/** A connection's name has at most 128 characters, of four bytes each. */
const MAX_BYTES = 512

/**
 * The BullMQ queue of a connection's name: percent-encoded UTF-8, so that every Unicode text has
 * its own, without `:`, braces or spaces. At most 1,536 characters. Throws `InvalidQueueNameError`.
 */
export function encodeQueueName(name: string): string {
  const bytes = Buffer.byteLength(name)
  if (bytes === 0) throw new InvalidQueueNameError('an empty one')
  if (bytes > MAX_BYTES) throw new InvalidQueueNameError(`one of ${bytes} bytes`)
  if (!name.isWellFormed()) throw new InvalidQueueNameError('one with half a surrogate pair')
  return encodeURIComponent(name).replace(/[!~*'()]/g, percentEncode)
}

/** The connection's name that `encodeQueueName` encoded. */
export function decodeQueueName(queue: string): string {
  return decodeURIComponent(queue)
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
