import * as z from 'zod'

import type { SecretSources } from '../references.ts'
import { isProperties } from '../unknown-properties.ts'
import { anonymousSchema } from './anonymous.ts'
import type { AnonymousCredentials } from './anonymous.ts'
import { basicSchema, describeBasic, distinguishBasic, resolveBasic } from './basic.ts'
import type { BasicCredentials } from './basic.ts'
import {
  describeWindows,
  distinguishWindows,
  resolveWindows,
  windowsSchema,
  windowsTexts,
} from './windows.ts'
import type { WindowsCredentials, WindowsSummary } from './windows.ts'

/** The login methods of this version. A new one is a file beside this one and a line per list here. */
export const AUTH_METHODS = ['anonymous', 'basic', 'windows'] as const

/** How a connection manager logs in, by `method`. */
export const authSchema = z.discriminatedUnion(
  'method',
  [anonymousSchema, basicSchema, windowsSchema],
  {
    error: ({ code, input }) => (code === 'invalid_union' ? describeMethods(input) : undefined),
  },
)

export type Auth = z.output<typeof authSchema>

/** What a session logs in with: `Auth` with every reference looked up. */
export type Credentials = AnonymousCredentials | BasicCredentials | WindowsCredentials

/** What may be shown of an `Auth`. */
export type AuthSummary = AnonymousCredentials | ReturnType<typeof describeBasic> | WindowsSummary

/** Looks the references of `auth` up. Throws `SecretUnavailableError`. */
export async function resolveAuth(auth: Auth, sources: SecretSources): Promise<Credentials> {
  switch (auth.method) {
    case 'anonymous':
      return auth
    case 'basic':
      return resolveBasic(auth, sources)
    case 'windows':
      return resolveWindows(auth, sources)
  }
}

/** The texts of `auth` that may hold references. */
export function textsOf(auth: Auth): readonly string[] {
  switch (auth.method) {
    case 'anonymous':
      return []
    case 'basic':
      return [auth.user.reveal(), auth.password.reveal()]
    case 'windows':
      return windowsTexts(auth)
  }
}

/** The facts that make one login differ from another, secrets included: only for a digest. */
export function distinguishCredentials(credentials: Credentials): readonly string[] {
  switch (credentials.method) {
    case 'anonymous':
      return [credentials.method]
    case 'basic':
      return distinguishBasic(credentials)
    case 'windows':
      return distinguishWindows(credentials)
  }
}

/** What may be shown of `auth`: never a secret. */
export function describeAuth(auth: Auth): AuthSummary {
  switch (auth.method) {
    case 'anonymous':
      return auth
    case 'basic':
      return describeBasic(auth)
    case 'windows':
      return describeWindows(auth)
  }
}

function describeMethods(input: unknown): string {
  const known = AUTH_METHODS.map((name) => `"${name}"`).join(', ')
  const method = isProperties(input) ? input['method'] : undefined
  const isWord = typeof method === 'string' && /^[a-z0-9-]{1,20}$/i.test(method)
  const came = method === undefined ? 'nothing' : isWord ? `"${method}"` : 'something else'
  return `expected one of the login methods ${known} (others are not available yet), got ${came}`
}
