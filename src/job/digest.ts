import { hash } from 'node:crypto'

/** 132 bits of base64url. */
const LENGTH = 22

/**
 * A short digest of texts; their borders count.
 *
 * It tells whether two requests ask for the same: their JSON is canonical, because validation
 * writes all properties in one order.
 */
export function digestOf(...texts: readonly string[]): string {
  return hash('sha256', texts.join('\0'), 'base64url').slice(0, LENGTH)
}
