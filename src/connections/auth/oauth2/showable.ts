import { isReference } from '../../references.ts'
import type { Secret } from '../../secret.ts'

/** Properties that name somebody, and let nobody in. */
const NAMES = new Set(['user', 'clientId', 'clientEmail'])

/** Whether a property only names somebody. */
export function isName(property: string): boolean {
  return NAMES.has(property)
}

/** What may be shown of a property that holds `secret`: a name, or its reference. */
export function showable(property: string, secret: Secret): string {
  const text = secret.reveal()
  return isName(property) || isReference(text) ? text : String(secret)
}
