import * as z from 'zod'

import { EVERY_GRANT } from './every-grant.ts'

/** What an application gives for a login. */
export interface GivenToken {
  readonly accessToken: string
  /** From when on nobody takes it; in an hour when absent. */
  readonly expiresAt?: Date | undefined
}

/** Gets a token in whatever way the application has; what it throws is told by its name alone. */
export type GetToken = (options: {
  readonly signal: AbortSignal
}) => GivenToken | Promise<GivenToken>

/** An application that gets tokens itself; in code alone. */
export const callbackSchema = z
  .strictObject({
    ...EVERY_GRANT,
    grant: z.literal('callback').describe('How tokens are got'),
    getToken: z.custom<GetToken>((value) => typeof value === 'function', {
      error:
        'expected a function that gives { accessToken, expiresAt }: only a configuration in code can hold one',
    }),
  })
  .readonly()
  .describe('OAuth 2.0 with tokens that the application gets itself; in code alone')

export interface CallbackGrant {
  readonly kind: 'callback'
  readonly getToken: GetToken
}
