import * as z from 'zod'

/** No login at all: the server trusts the address that we come from. */
export const anonymousSchema = z
  .strictObject({ method: z.literal('anonymous').describe('The login method') })
  .readonly()
  .describe('No login at all: the server trusts the address that we come from')

export interface AnonymousCredentials {
  readonly method: 'anonymous'
}
