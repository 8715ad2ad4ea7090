import * as z from 'zod'

import { secretText } from '../../secret-text.ts'

/** The mechanisms for a token: the first is what Microsoft and Google speak, the other the standard. */
export const OAUTH2_MECHANISMS = ['XOAUTH2', 'OAUTHBEARER'] as const

export type OAuth2Mechanism = (typeof OAUTH2_MECHANISMS)[number]

/** What every grant has beside its own. */
export const EVERY_GRANT = {
  method: z.literal('oauth2').describe('The login method'),
  user: secretText().describe('The mailbox to send as; may hold references'),
  mechanism: z
    .enum(OAUTH2_MECHANISMS)
    .optional()
    .describe(
      'The only mechanism to log in by; by default what the server offers, "XOAUTH2" before "OAUTHBEARER"',
    ),
  allowInsecureAuth: z
    .boolean()
    .default(false)
    .describe(
      'Permits to send tokens over a plain connection (`tls: "none"`), and over whatever `tls: "opportunistic"` comes to: a plain one, or one to a server that is not verified; off by default',
    ),
}
