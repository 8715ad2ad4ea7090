import * as z from 'zod'

import { providerOf } from '../smtp/provider.ts'
import { KNOWN_UNCERTAIN_PROPERTIES, uncertainPolicySchema } from '../smtp/uncertain-policy.ts'
import { AUTH_PROPERTIES, authSchema } from './auth/auth.ts'
import { connectionNameSchema } from './connection-name.ts'
import { fromDomainsSchema } from './from-domains.ts'
import { limitsSchema } from './limits.ts'
import { mailboxSchema } from './mailbox.ts'
import { providerSchema } from './provider-name.ts'
import { parseServerName } from './server-name.ts'
import { SERVICES } from './service.ts'
import { timeoutsSchema } from './timeouts.ts'
import { KNOWN_TLS_PROPERTIES, tlsOptionsSchema } from './tls-options.ts'
import { isProperties } from './unknown-properties.ts'

/**
 * How a session is protected: not at all, by STARTTLS if the server can (against listeners only), by
 * STARTTLS (demanded: without it nothing is sent), or by TLS from the first byte.
 */
export const TLS_MODES = ['none', 'opportunistic', 'starttls', 'implicit'] as const

export type TlsMode = (typeof TLS_MODES)[number]

/** The port that is meant when none is given (RFC 5321, RFC 6409, RFC 8314). */
export const DEFAULT_PORTS: Readonly<Record<TlsMode, number>> = {
  none: 25,
  opportunistic: 25,
  starttls: 587,
  implicit: 465,
}

const properties = z.strictObject({
  name: connectionNameSchema,
  description: z.string().default('').describe('What it is for; empty by default'),
  type: z.literal('SMTP').default('SMTP').describe('Always "SMTP", which is the default'),
  service: z
    .enum(SERVICES)
    .optional()
    .describe(
      'A mail service that is known: "exchange-online" or "gmail". It says `server`, `port`, `tls` and `limits`; what stands beside it wins',
    ),
  server: z
    .string()
    .transform((text, context) => {
      const server = parseServerName(text)
      if (server !== undefined) return server
      context.addIssue({
        code: 'custom',
        message: 'expected a host name or IP address without port; the port is `port`',
      })
      return z.NEVER
    })
    .describe('Host name or IP address'),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('By `tls` when absent: 587 for "starttls", 465 for "implicit", 25 for the others'),
  tls: z
    .enum(TLS_MODES)
    .default('starttls')
    .describe(
      '"none", "opportunistic" (STARTTLS if it works, else plain; the certificate may be any), "starttls" (demanded, never a silent plain session; default) or "implicit"',
    ),
  auth: authSchema
    .prefault({ method: 'anonymous' })
    .describe('How to log in; { method: "anonymous" } by default'),
  from: mailboxSchema.optional().describe('The sender of messages that name none'),
  fromDomains: fromDomainsSchema
    .optional()
    .describe(
      'The domains of authors whose messages may go through it, such as "example.com" or "*.example.com"; any by default',
    ),
  timeouts: timeoutsSchema.prefault({}).describe('How long each step may take'),
  limits: limitsSchema.prefault({}).describe('How much it is asked to carry'),
  tlsOptions: tlsOptionsSchema
    .prefault({})
    .describe('How the server proves who it is, and we to it'),
  uncertain: uncertainPolicySchema
    .prefault('hold')
    .describe(
      'What becomes of a message whose answer never came: "hold" it for somebody to decide (default), "resend" it, "accept" it as delivered, or { policy: "hold", holdFor: "2h", then: "resend" }',
    ),
  redirectAll: mailboxSchema
    .optional()
    .describe('For staging: every message goes to this mailbox instead of its recipients'),
  clientName: z
    .string()
    .refine((name) => parseServerName(name) !== undefined, 'expected a host name or IP address')
    .optional()
    .describe('What EHLO calls this machine; its host name by default'),
  provider: providerSchema
    .optional()
    .describe(
      'Whose server it is, to read its replies: "gmail", "exchange" (or "exchange-online"), "ses", "yahoo", "apple" or "none" of them; by the name of the server by default',
    ),
})

/** One connection manager, as properties; every default is in its place once parsed. */
export const connectionManagerSchema = properties
  .superRefine(refuseInsecureLogin, { when: ({ value }) => hasAuthAndTls(value) })
  .transform((manager) => {
    const provider = manager.provider ?? providerOf(manager.server)
    const port = manager.port ?? portOf(manager)
    return Object.freeze({ ...manager, port, ...(provider && { provider }) })
  })

/** A connection manager with everything filled in; spans are milliseconds. */
export type ConnectionManager = Readonly<z.output<typeof connectionManagerSchema>>

/** A connection manager as it is written down. */
export type ConnectionManagerInput = z.input<typeof connectionManagerSchema>

/** The names of all properties, inner ones too, to suggest one for a misspelt one. */
export const KNOWN_PROPERTIES: readonly string[] = [
  ...Object.keys(properties.shape),
  ...KNOWN_UNCERTAIN_PROPERTIES,
  ...KNOWN_TLS_PROPERTIES,
  ...[timeoutsSchema, limitsSchema].flatMap((group) => Object.keys(group.def.innerType.shape)),
  ...AUTH_PROPERTIES,
]

function portOf({ tls }: { readonly tls: TlsMode }): number {
  return DEFAULT_PORTS[tls]
}

/** Lets the check run although another property is wrong: all problems are told at once. */
function hasAuthAndTls(value: unknown): boolean {
  if (!isProperties(value)) return false
  return isProperties(value['auth']) && typeof value['tls'] === 'string'
}

function refuseInsecureLogin(
  { auth, tls }: z.output<typeof properties>,
  context: z.RefinementCtx,
): void {
  if (tls !== 'none' || !('allowInsecureAuth' in auth) || auth.allowInsecureAuth) return
  const what = auth.method === 'basic' ? 'a password' : 'a token'
  context.addIssue({
    code: 'custom',
    path: ['auth'],
    params: { code: 'INSECURE_AUTH' },
    message: `${what} is not sent over \`tls: "none"\`: use "starttls" or "implicit", or set \`allowInsecureAuth: true\``,
  })
}
