import * as z from 'zod'

import { parsedBy } from './parsed-by.ts'
import { checkReferences, REFERENCES_PATTERN, resolveReferences } from './references.ts'
import type { SecretSources } from './references.ts'
import { createSecret } from './secret.ts'
import type { Secret } from './secret.ts'

/** The schema of a text that may be a secret or refer to one: it is a `Secret` from here on. */
export function secretText() {
  return z
    .string()
    .min(1, 'expected a text, got an empty one')
    .meta({ pattern: REFERENCES_PATTERN })
    .transform(parsedBy(checkReferences))
    .transform(createSecret)
}

/** The secret with its references looked up, now. Throws `SecretUnavailableError`. */
export async function resolveSecret(secret: Secret, sources: SecretSources): Promise<Secret> {
  return createSecret(await resolveReferences(secret.reveal(), sources))
}
