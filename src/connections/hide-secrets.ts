import type { Fault } from '../smtp/fault.ts'
import type { Credentials } from './auth/auth.ts'
import { bearerResponse } from './auth/mechanisms/oauthbearer.ts'
import { xoauth2Response } from './auth/mechanisms/xoauth2.ts'
import { secretsOfGrant } from './auth/oauth2/oauth2.ts'
import { createSecret } from './secret.ts'
import type { Secret } from './secret.ts'

/** What stands where a secret was. */
const HIDDEN = '…'

/** What takes secrets out of texts. */
export interface Hiding {
  readonly hide: (text: string) => string
  /** Takes an access token that was got meanwhile out as well. */
  readonly also: (accessToken: Secret) => void
}

/**
 * Makes what takes every secret of `credentials` out of a text of the server, who may say back what it
 * was told: the password as it is, and in the forms in which a login carries it.
 */
export function hideSecrets(credentials: Credentials): Hiding {
  let forms = sorted(formsOf(credentials))
  return {
    hide: (text) => forms.reduce((left, form) => left.replaceAll(form, HIDDEN), text),
    also: (token) => {
      forms = sorted([...forms, ...formsOfToken(credentials, token)])
    },
  }
}

/** The longest first: one may be a part of another. */
function sorted(forms: readonly string[]): readonly string[] {
  return (
    forms
      // Without its padding one is found as well where it goes on.
      .flatMap((form) => [form, form.replace(/=+$/, '')])
      .filter((form) => form !== '')
      .toSorted((one, other) => other.length - one.length)
  )
}

function formsOf(credentials: Credentials): readonly string[] {
  if (credentials.method === 'anonymous') return []
  if (credentials.method === 'oauth2') {
    const secrets = secretsOfGrant(credentials.grant).map((secret) => secret.reveal())
    return [...secrets, base64(credentials.user.reveal())]
  }
  const user = credentials.user?.reveal() ?? ''
  const password = credentials.password?.reveal() ?? ''
  return [
    ...spellingsOf(password),
    base64(password),
    base64(`\0${user}\0${password}`),
    base64(user),
  ]
}

/** An access token, and what carries it. */
function formsOfToken(credentials: Credentials, accessToken: Secret): readonly string[] {
  const user = 'user' in credentials && credentials.user ? credentials.user : createSecret('')
  const carried = [xoauth2Response, bearerResponse].map((write) => write({ user, accessToken }))
  return [accessToken.reveal(), base64(accessToken.reveal()), ...carried.map(base64)]
}

/** As it is, as a server shows it that takes UTF-8 for Latin 1, and the lines that it may come in. */
function spellingsOf(password: string): readonly string[] {
  const lines = password.split(/[\r\n]+/).filter((line) => line.length >= MIN_LINE_LENGTH)
  return [password, ...lines].flatMap((text) => [text, Buffer.from(text).toString('latin1')])
}

/** What is shorter is a word of any text. */
const MIN_LINE_LENGTH = 4

/** A fault with nothing that `hide` takes out of what the server said, and no token of its login. */
export function withoutSecrets(fault: Fault, hide: (text: string) => string): Fault {
  if (fault.kind !== 'reply') return fault
  const { reply } = fault
  const text = hide(reply.text)
  return {
    ...fault,
    reply: { ...reply, text: fault.stage === 'auth' ? withoutTokens(text) : text },
  }
}

/** Takes out whatever looks as if it were encoded: words that are as long have no digits. */
export function withoutTokens(text: string): string {
  return text.replaceAll(TOKEN, HIDDEN)
}

const TOKEN = /(?=[A-Za-z+/_-]*\d)[A-Za-z0-9+/_-]{24,}={0,2}|[A-Za-z0-9+/_-]{40,}={0,2}/g

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
