import * as z from 'zod'

/** Where tokens come from, and what for. */
export const ENDPOINT = {
  tokenUrl: tokenUrl()
    .optional()
    .describe('The token endpoint, as https://…; by `tenant` or `service` when absent'),
  scope: z
    .string()
    .min(1)
    .optional()
    .describe('What the token is to allow; by default what Microsoft or Google want for SMTP'),
}

/** The tenant at Microsoft Entra, which implies the endpoint. */
export const TENANT = {
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,100}$/, 'expected the id or the domain of a tenant')
    .optional()
    .describe(
      'The id or the domain of the tenant at Microsoft Entra, such as "example.onmicrosoft.com": its token endpoint is used',
    ),
}

function tokenUrl() {
  return z
    .string()
    .refine(
      isSafeUrl,
      'expected a URL that begins with https:// and holds no password; http:// is for this machine alone',
    )
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname))
}

export interface Endpoint {
  readonly tokenUrl: string
  readonly scope: string | undefined
}

const GOOGLE: Endpoint = {
  tokenUrl: 'https://oauth2.googleapis.com/token',
  scope: 'https://mail.google.com/',
}

/** The endpoint that is written down, or that of the tenant, or Google's. */
export function endpointOf(
  given: {
    readonly tokenUrl?: string | undefined
    readonly scope?: string | undefined
    readonly tenant?: string | undefined
  },
  entraScope: string,
): Endpoint {
  const { tenant, scope } = given
  if (tenant !== undefined) {
    const known = `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`
    return { tokenUrl: given.tokenUrl ?? known, scope: scope ?? entraScope }
  }
  const usual = given.tokenUrl === undefined || given.tokenUrl === GOOGLE.tokenUrl
  return {
    tokenUrl: given.tokenUrl ?? GOOGLE.tokenUrl,
    scope: scope ?? (usual ? GOOGLE.scope : undefined),
  }
}

/** Where neither Microsoft nor Google is meant, the endpoint has to be said. */
export function demandEndpoint(
  given: { readonly tokenUrl?: string | undefined; readonly tenant?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (given.tokenUrl !== undefined || given.tenant !== undefined) return
  context.addIssue({
    code: 'custom',
    path: ['tokenUrl'],
    message: 'expected the token endpoint, or `tenant` for that of Microsoft Entra',
  })
}
