import * as z from 'zod'

import type { SecretSources } from '../references.ts'
import { isProperties } from '../unknown-properties.ts'
import { anonymousSchema } from './anonymous.ts'
import type { AnonymousCredentials } from './anonymous.ts'
import { basicSchema, describeBasic, distinguishBasic, resolveBasic } from './basic.ts'
import type { BasicCredentials } from './basic.ts'
import {
  describeOAuth2,
  distinguishOAuth2,
  oauth2Schema,
  oauth2Texts,
  resolveOAuth2,
} from './oauth2/oauth2.ts'
import type { OAuth2Credentials, OAuth2Summary } from './oauth2/oauth2.ts'
import {
  describeWindows,
  distinguishWindows,
  resolveWindows,
  windowsSchema,
  windowsTexts,
} from './windows.ts'
import type { WindowsCredentials, WindowsSummary } from './windows.ts'

/** The login methods of this version. A new one is a file beside this one and a line per list here. */
export const AUTH_METHODS = ['anonymous', 'basic', 'windows', 'oauth2'] as const

/** How a connection manager logs in, by `method`. */
export const authSchema = z.discriminatedUnion(
  'method',
  [anonymousSchema, basicSchema, windowsSchema, oauth2Schema],
  {
    error: ({ code, input }) => (code === 'invalid_union' ? describeMethods(input) : undefined),
  },
)

/** The names of all properties of all methods. */
export const AUTH_PROPERTIES: readonly string[] = [
  ...[anonymousSchema, basicSchema, windowsSchema].map((schema) => schema.def.innerType.shape),
  ...oauth2Schema.def.options.map((schema) => schema.def.innerType.shape),
].flatMap((shape) => Object.keys(shape))

export type Auth = z.output<typeof authSchema>

/** What a session logs in with: `Auth` with every reference looked up. */
export type Credentials =
  AnonymousCredentials | BasicCredentials | WindowsCredentials | OAuth2Credentials

/** What may be shown of an `Auth`. */
export type AuthSummary =
  AnonymousCredentials | ReturnType<typeof describeBasic> | WindowsSummary | OAuth2Summary

/** Looks the references of `auth` up. Throws `SecretUnavailableError`. */
export async function resolveAuth(auth: Auth, sources: SecretSources): Promise<Credentials> {
  switch (auth.method) {
    case 'anonymous':
      return auth
    case 'basic':
      return resolveBasic(auth, sources)
    case 'windows':
      return resolveWindows(auth, sources)
    case 'oauth2':
      return resolveOAuth2(auth, sources)
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
    case 'oauth2':
      return oauth2Texts(auth)
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
    case 'oauth2':
      return distinguishOAuth2(credentials)
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
    case 'oauth2':
      return describeOAuth2(auth)
  }
}

function describeMethods(input: unknown): string {
  const known = AUTH_METHODS.map((name) => `"${name}"`).join(', ')
  const method = isProperties(input) ? input['method'] : undefined
  const isWord = typeof method === 'string' && /^[a-z0-9-]{1,20}$/i.test(method)
  const came = method === undefined ? 'nothing' : isWord ? `"${method}"` : 'something else'
  return `expected one of the login methods ${known} got ${came}`
}
