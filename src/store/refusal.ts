import { isAway } from './away.ts'
import {
  StoreNotWritableError,
  StoreRefusedError,
  StoreRightsError,
  StoreTlsError,
  StoreUnreachableError,
} from './errors.ts'
import { isLostConnection } from './lost-connection.ts'
import { notWritableOf } from './not-writable.ts'

/**
 * Turns what a client says about its connection, its login, TLS and its rights into our errors;
 * every other error stays as it is.
 */
export function translateStoreError(location: string, error: unknown): unknown {
  if (!(error instanceof Error) || isAway(error)) return error
  // Before the lost connection: a server that refuses TLS also hangs up.
  const tls = tlsFailureOf(error)
  if (tls !== undefined) return new StoreTlsError(location, tls, { cause: error })
  // Before it as well: what all sentinels refuse is called an outage of theirs.
  const sentinels = SENTINELS_REFUSE.exec(error.message)?.[1]
  if (sentinels !== undefined) {
    return new StoreRefusedError(location, `its sentinels say: ${sentinels}`, { cause: error })
  }
  const notWritable = notWritableOf(error)
  if (notWritable !== undefined) {
    return new StoreNotWritableError(location, notWritable, { cause: error })
  }
  if (isLostConnection(error)) return new StoreUnreachableError(location, error)
  if (isRefusal(error)) return new StoreRefusedError(location, error.message, { cause: error })
  if (lacksRights(error)) return new StoreRightsError(location, error.message, { cause: error })
  return error
}

const SENTINELS_REFUSE =
  /^All sentinels are unreachable.* Last error: ((?:WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR No such master).*)/

/** What OpenSSL and Node call a handshake or a certificate that failed. */
const TLS_CODE = /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|UNABLE_TO_|EPROTO$)|CERT|CRL_|HOSTNAME_MISMATCH/

const TLS_TEXT: Readonly<Record<string, string>> = {
  'does not support SSL': 'the server does not speak TLS',
  'error establishing an SSL connection': 'the server does not speak TLS',
  'no encryption': 'the server demands TLS',
  'SSL off': 'the server demands TLS',
  'valid client certificate': 'the server demands a certificate of ours',
}

function tlsFailureOf(error: Error): string | undefined {
  const code = codeOf(error)
  if (TLS_CODE.test(code)) return code
  return Object.entries(TLS_TEXT).find(([text]) => error.message.includes(text))?.[1]
}

const REFUSED_CODES = new Set(['28P01', '28000', '3D000'])
const REFUSED_TEXT =
  /^(WRONGPASS|NOAUTH|ERR invalid password|ERR DB index)|client password must be a non-empty string/

function isRefusal(error: Error): boolean {
  return REFUSED_CODES.has(codeOf(error)) || REFUSED_TEXT.test(error.message)
}

/** Redis says it of a command, or of one within a script. */
const RIGHTS_TEXT = /^NOPERM|user executing the script can't (run|access)/

function lacksRights(error: Error): boolean {
  return codeOf(error) === '42501' || RIGHTS_TEXT.test(error.message)
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
