import type { Fault } from '../smtp/fault.ts'
import type { Credentials } from './auth/auth.ts'

/** What stands where a secret was. */
const HIDDEN = '…'

/**
 * Makes what takes every secret of `credentials` out of a text of the server, who may say back what it
 * was told: the password as it is, and in the forms in which a login carries it.
 */
export function hideSecrets(credentials: Credentials): (text: string) => string {
  const forms = formsOf(credentials)
    // Without its padding one is found as well where it goes on.
    .flatMap((form) => [form, form.replace(/=+$/, '')])
    .filter((form) => form !== '')
    .toSorted((one, other) => other.length - one.length)
  return (text) => forms.reduce((left, form) => left.replaceAll(form, HIDDEN), text)
}

function formsOf(credentials: Credentials): readonly string[] {
  if (credentials.method === 'anonymous') return []
  const user = credentials.user?.reveal() ?? ''
  const password = credentials.password?.reveal() ?? ''
  return [password, base64(password), base64(`\0${user}\0${password}`), base64(user)]
}

/** A fault with nothing that `hide` takes out of what the server said. */
export function withoutSecrets(fault: Fault, hide: (text: string) => string): Fault {
  if (fault.kind !== 'reply') return fault
  const { reply } = fault
  return { ...fault, reply: { ...reply, text: hide(reply.text) } }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
