/** Where the Kerberos library looks for keys and keeps tickets. */
interface KerberosPlaces {
  readonly KRB5_CLIENT_KTNAME: string | undefined
  readonly KRB5CCNAME: string | undefined
}

/** One process has one environment, and the library reads nothing else: so this is one as well. */
let last: Promise<unknown> = Promise.resolve()
let before: KerberosPlaces | undefined

/**
 * Runs `use` while the library looks for keys in `keytab`, or where the process was told to; one
 * after the other, for all of a process.
 *
 * Tickets that come of a keytab are kept in memory, apart for each `owner`; the library renews them.
 */
export function withKeytab<T>(
  keytab: { readonly path: string; readonly owner: string } | undefined,
  use: () => Promise<T>,
): Promise<T> {
  const result = last.then(() => {
    setPlaces(keytab)
    return use()
  })
  last = result.catch(() => {})
  return result
}

function setPlaces(keytab: { readonly path: string; readonly owner: string } | undefined): void {
  before ??= placesOf(process.env)
  const wanted =
    keytab === undefined
      ? before
      : { KRB5_CLIENT_KTNAME: `FILE:${keytab.path}`, KRB5CCNAME: `MEMORY:mailroom-${keytab.owner}` }
  // Other threads read the environment too: it is left alone where it is right.
  for (const [name, value] of Object.entries(wanted)) {
    if (process.env[name] === value) continue
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
}

function placesOf({ KRB5_CLIENT_KTNAME, KRB5CCNAME }: NodeJS.ProcessEnv): KerberosPlaces {
  return { KRB5_CLIENT_KTNAME, KRB5CCNAME }
}
