import type { BasicCredentials } from '../basic.ts'
import { answer, refuse } from '../mechanism.ts'
import type { Mechanism } from '../mechanism.ts'

/** LOGIN (draft-murchison-sasl-login): the user, then the password, whatever the server calls them. */
export function login({ user, password }: BasicCredentials): Mechanism {
  const left = [user, password]
  return {
    name: 'LOGIN',
    respond: () => {
      const next = left.shift()
      return next === undefined
        ? refuse('the server asks for more than user and password')
        : answer(next.reveal())
    },
  }
}
