import { startHelper } from './helper.ts'
import type { Helper, KerberosIdentity } from './helper.ts'
import type { KerberosAnswer, KerberosRequest } from './messages.ts'

/** Asks the Kerberos library for one login. Never rejects. */
export type AskKerberos = (request: KerberosRequest) => Promise<KerberosAnswer>

/** The Kerberos library, as all identities that log in with it; whoever makes it closes it. */
export interface Kerberos extends AsyncDisposable {
  /**
   * What one login asks the library with as `identity`, until `login` aborts: in a process of its own,
   * so that several identities do not meet in one environment, and one that waits for its KDC holds up
   * nobody else.
   *
   * Tickets that come of a keytab are in the memory of that process, and the library renews them.
   */
  readonly as: (identity: KerberosIdentity, login: AbortSignal) => AskKerberos
  /** Ends all processes, whatever they wait for; resolves when they are gone. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Makes it; a process is started when its identity first asks. */
export function createKerberos(): Kerberos {
  const running = new Set<Helper>()
  /** Where new logins go, by the name of their identity. */
  const current = new Map<string, Helper>()
  let isClosed = false

  const start = (identity: KerberosIdentity): Helper => {
    const helper = startHelper(identity, {
      onSpent: () => {
        if (current.get(identity.name) === helper) current.delete(identity.name)
      },
      onGone: () => running.delete(helper),
    })
    running.add(helper)
    current.set(identity.name, helper)
    return helper
  }

  return {
    as: (identity, login) => {
      let mine: Helper | undefined
      return async (request) => {
        if (isClosed || login.aborted) return { kind: 'ended' }
        mine ??= current.get(identity.name) ?? start(identity)
        return mine.ask(request, login)
      }
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      await Promise.all([...running].map((helper) => helper.end()))
    },
  }
}

/** That of one login alone: it is closed when `login` aborts. */
export function kerberosOf(login: AbortSignal): Kerberos {
  const kerberos = createKerberos()
  login.addEventListener('abort', () => void kerberos[Symbol.asyncDispose](), { once: true })
  return kerberos
}
