import type { BasicCredentials } from '../basic.ts'
import { answer } from '../mechanism.ts'
import type { Mechanism } from '../mechanism.ts'

/** PLAIN (RFC 4616), without an authorization identity: some servers stumble over one. */
export function plain({ user, password }: BasicCredentials): Mechanism {
  const secret = () => answer(`\0${user.reveal()}\0${password.reveal()}`)
  return { name: 'PLAIN', begin: secret, respond: secret }
}
