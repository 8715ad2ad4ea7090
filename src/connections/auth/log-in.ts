import type { Fault } from '../../smtp/fault.ts'
import type { ResolvedManager } from '../secrets.ts'
import { logInBasic } from './basic-login.ts'
import type { Mechanism } from './mechanism.ts'

/** A session on which EHLO was answered. */
export interface LoginContext {
  readonly isSecure: boolean
  /** The mechanisms that the server offers, in upper case. */
  readonly offered: readonly string[]
  /** Runs one exchange; resolves with the fault that ended it, if any. */
  readonly run: (mechanism: Mechanism) => Promise<Fault | undefined>
}

/** Logs in by the method of the connection manager. A new method is a case and a file here. */
export async function logIn(
  { credentials }: ResolvedManager,
  context: LoginContext,
): Promise<Fault | undefined> {
  switch (credentials.method) {
    case 'anonymous':
      return undefined
    case 'basic':
      return logInBasic(credentials, context)
  }
}
