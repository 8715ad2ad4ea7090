import { isReference } from '../../references.ts'
import type { Secret } from '../../secret.ts'

/** What names somebody, and lets nobody in. */
const NAMES = new Set(['user', 'clientId', 'clientEmail'])

/** What may be shown of a property that holds `secret`: a name, or its reference. */
export function showable(property: string, secret: Secret): string {
  const text = secret.reveal()
  return NAMES.has(property) || isReference(text) ? text : String(secret)
}
