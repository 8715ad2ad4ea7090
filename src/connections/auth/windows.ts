import { createHash } from 'node:crypto'

import * as z from 'zod'

import { isReference } from '../references.ts'
import type { SecretSources } from '../references.ts'
import { readSecretFile } from '../secret-file.ts'
import type { Secret } from '../secret.ts'
import { resolveSecret, secretText } from '../secret-text.ts'
import { describeAccountProblem } from './windows-account.ts'

/** How Windows authentication is done: by Kerberos if that can be, else by NTLM; or by one alone. */
const WINDOWS_MECHANISMS = ['negotiate', 'kerberos', 'ntlm'] as const

/** `service/host`, as Windows writes it. */
const SPN = /^[A-Za-z][A-Za-z0-9_-]*\/[A-Za-z0-9_.-]+$/

/** An account of Windows, or the one that this process runs as. */
export const windowsSchema = z
  .strictObject({
    method: z.literal('windows').describe('The login method'),
    mechanism: z
      .enum(WINDOWS_MECHANISMS)
      .default('negotiate')
      .describe(
        '"negotiate" (default): Kerberos when there is a ticket or keytab for it, else NTLM; or "kerberos" or "ntlm" alone',
      ),
    user: secretText({ refusal: refuseAccount })
      .optional()
      .describe(
        'The account, as "DOMAIN\\\\user" or "user@domain"; without it the one that the process runs as, or that the keytab is for',
      ),
    password: secretText()
      .optional()
      .describe('Its password, for NTLM; best as a reference: "${env:NAME}" or "${file:path}"'),
    keytab: z
      .string()
      .min(1)
      .optional()
      .describe(
        "The file with the account's keys for Kerberos, such as /run/secrets/mailroom.keytab; by default what the process finds",
      ),
    spn: z
      .string()
      .regex(SPN, 'expected service/host, such as "SMTPSVC/mail.example.com"')
      .optional()
      .describe(
        'The service to speak to; by default "smtp" on `server` for Kerberos and "SMTPSVC" on it for NTLM',
      ),
    spnego: z
      .boolean()
      .default(false)
      .describe(
        'Wraps the Kerberos tickets as Windows does (SPNEGO, RFC 4178), for servers that take nothing else; off by default',
      ),
  })
  .superRefine(({ mechanism, user, password }, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (password !== undefined && user === undefined) {
      refuse('user', 'expected the account that `password` belongs to')
    }
    if (mechanism !== 'ntlm') return
    if (user === undefined) refuse('user', 'expected an account: NTLM needs one')
    if (password === undefined) refuse('password', 'expected a password: NTLM needs one')
  })
  .readonly()
  .describe(
    'Windows authentication: Kerberos or NTLM, with an account or with the one that the process runs as',
  )

/** What is only referred to is looked at when somebody logs in. */
function refuseAccount(text: string): string | undefined {
  return describeAccountProblem(text.replaceAll(/\$\{[^}]*\}/g, '_'))
}

export type WindowsAuth = z.output<typeof windowsSchema>

export interface WindowsCredentials extends Pick<
  WindowsAuth,
  'method' | 'mechanism' | 'keytab' | 'spn' | 'spnego'
> {
  readonly user: Secret | undefined
  readonly password: Secret | undefined
  /** Changes when the keys in `keytab` do. */
  readonly keytabDigest: string | undefined
}

/** Looks the references up, and the keytab. Throws `SecretUnavailableError`. */
export async function resolveWindows(
  auth: WindowsAuth,
  sources: SecretSources,
): Promise<WindowsCredentials> {
  const { method, mechanism, keytab, spn, spnego } = auth
  const [user, password, keys] = await Promise.all([
    auth.user && resolveSecret(auth.user, sources),
    auth.password && resolveSecret(auth.password, sources),
    keytab === undefined ? undefined : readSecretFile(keytab, keytabReference(keytab), sources),
  ])
  const keytabDigest = keys && createHash('sha256').update(keys).digest('hex')
  return { method, mechanism, keytab, spn, spnego, user, password, keytabDigest }
}

/** The texts that may hold references; a keytab is watched as a secret file is. */
export function windowsTexts({ user, password, keytab }: WindowsAuth): readonly string[] {
  const texts = [user?.reveal(), password?.reveal(), keytab && keytabReference(keytab)]
  return texts.filter((text) => text !== undefined)
}

function keytabReference(path: string): string {
  return `\${file:${path}}`
}

/** The facts that make one login differ from another, secrets included: only for a digest. */
export function distinguishWindows(credentials: WindowsCredentials): readonly string[] {
  const { method, mechanism, user, password, keytab, keytabDigest, spn, spnego } = credentials
  const texts = [mechanism, user?.reveal(), password?.reveal(), keytab, keytabDigest, spn]
  return [method, ...texts.map((text) => text ?? ''), String(spnego)]
}

/** What may be shown of `auth`. */
export interface WindowsSummary extends Pick<
  WindowsAuth,
  'method' | 'mechanism' | 'keytab' | 'spn' | 'spnego'
> {
  readonly user?: string
  readonly password?: string
}

/** What may be shown of `auth`: the account, unless its name holds the password, and references. */
export function describeWindows(auth: WindowsAuth): WindowsSummary {
  const { method, mechanism, keytab, spn, spnego } = auth
  const user = auth.user?.reveal()
  const password = auth.password?.reveal()
  const shows = user !== undefined && (password === undefined || !user.includes(password))
  return {
    method,
    mechanism,
    ...(user !== undefined && { user: shows || isReference(user) ? user : String(auth.user) }),
    ...(password !== undefined && {
      password: isReference(password) ? password : String(auth.password),
    }),
    ...(keytab !== undefined && { keytab }),
    ...(spn !== undefined && { spn }),
    spnego,
  }
}
