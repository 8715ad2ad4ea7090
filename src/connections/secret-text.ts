import * as z from 'zod'

import { parsedBy } from './parsed-by.ts'
import { checkReferences, REFERENCES_PATTERN, resolveReferences } from './references.ts'
import type { SecretSources } from './references.ts'
import { createSecret } from './secret.ts'
import type { Secret } from './secret.ts'

export interface SecretTextOptions {
  /** What a regular expression can say of it, references included. */
  readonly pattern?: string
  /** What is wrong with a text, without repeating it. */
  readonly refusal?: (text: string) => string | undefined
}

/** The schema of a text that may be a secret or refer to one: it is a `Secret` from here on. */
export function secretText({
  pattern = REFERENCES_PATTERN,
  refusal = () => undefined,
}: SecretTextOptions = {}) {
  return z
    .string()
    .min(1, 'expected a text, got an empty one')
    .meta({ pattern })
    .transform(parsedBy(checkReferences))
    .superRefine((text, context) => {
      const message = refusal(text)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
    .transform(createSecret)
}

/** The secret with its references looked up, now. Throws `SecretUnavailableError`. */
export async function resolveSecret(secret: Secret, sources: SecretSources): Promise<Secret> {
  return createSecret(await resolveReferences(secret.reveal(), sources))
}
