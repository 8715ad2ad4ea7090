import * as z from 'zod'

import { parsedBy } from './parsed-by.ts'
import { checkReferences, REFERENCES_PATTERN } from './references.ts'
import { parseServerName } from './server-name.ts'

/** How the server proves who it is. It always has to: there is no switch that turns this off. */
export const tlsOptionsSchema = z
  .strictObject({
    ca: z
      .string()
      .meta({ pattern: REFERENCES_PATTERN })
      .transform(parsedBy(checkReferences))
      .refine(
        (text) => text.includes('${') || isCertificate(text),
        'expected certificates as PEM text, or "${file:path}"',
      )
      .optional()
      .describe(
        'The certificates that are trusted instead of the built-in ones: PEM text or "${file:path}"',
      ),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .describe('The oldest TLS version that is spoken; "TLSv1.2" by default'),
    serverName: z
      .string()
      .refine(
        (name) => parseServerName(name) !== undefined,
        'expected the host name in the certificate',
      )
      .optional()
      .describe('The name that the certificate must have; `server` by default'),
  })
  .readonly()

/** Whether `text` holds a certificate in PEM. */
export function isCertificate(text: string): boolean {
  return text.includes('-----BEGIN CERTIFICATE-----')
}
