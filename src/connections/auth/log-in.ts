import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import type { Fault } from '../../smtp/fault.ts'
import type { ResolvedManager } from '../secrets.ts'
import { logInBasic } from './basic-login.ts'

/** A session on which EHLO was answered. */
export interface LoginContext {
  readonly connection: SMTPConnection
  readonly isSecure: boolean
  /** The mechanisms that the server offers, in upper case. */
  readonly offered: readonly string[]
  /** Called once, unless the connection fails: then it emits `error`. */
  readonly done: (failure?: LoginFailure) => void
}

/** Why a login did not happen: found by ourselves before a secret left, or by nodemailer. */
export type LoginFailure =
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'error'; readonly error: SMTPConnection.SMTPError }

/** Logs in by the method of the connection manager. A new method is a case and a file here. */
export function logIn({ manager, credentials }: ResolvedManager, context: LoginContext): void {
  switch (credentials.method) {
    case 'anonymous':
      context.done()
      return
    case 'basic': {
      const mayBePlain = manager.auth.method === 'basic' && manager.auth.allowInsecureAuth
      logInBasic(credentials, mayBePlain, context)
    }
  }
}
