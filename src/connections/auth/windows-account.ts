/** An account of Windows, in its two parts. */
export interface WindowsAccount {
  readonly user: string
  /** Empty for a user principal name, and for an account of the server itself. */
  readonly domain: string
}

/** Reads `DOMAIN\user`, `user@domain` (which stays whole: the server looks it up) and `user`. */
export function parseAccount(text: string): WindowsAccount {
  const at = text.indexOf('\\')
  if (at === -1) return { user: text, domain: '' }
  return { user: text.slice(at + 1), domain: text.slice(0, at) }
}

/** What keeps `text` from being an account, without repeating it. */
export function describeAccountProblem(text: string): string | undefined {
  if (/\p{Cc}/u.test(text)) {
    return 'expected an account, got a control character: in JSON and code a backslash is written twice'
  }
  const parts = text.split('\\')
  if (parts.length > 2) return 'expected one backslash between domain and user'
  if (parts.includes('')) return 'expected DOMAIN\\user or user@domain, got a part without a name'
  return undefined
}

/**
 * The Kerberos principal of an account: its realm is the domain of a user principal name in upper
 * case, else the default one of `krb5.conf`.
 */
export function principalOf(text: string): string {
  const { user } = parseAccount(text)
  const at = user.lastIndexOf('@')
  return at === -1 ? user : `${user.slice(0, at)}@${user.slice(at + 1).toUpperCase()}`
}
