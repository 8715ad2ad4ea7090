import { AUTH_METHODS } from './auth/auth.ts'
import { parseConnectionString } from './connection-string.ts'
import { AuthMethodNotAvailableError, InvalidConnectionStringError } from './errors.ts'
import type { UnknownProperties } from './unknown-properties.ts'

/** SSIS has no property for a port, and never speaks to another one. */
const PORT = 25

/**
 * What a connection string of SSIS means as properties; properties in `given` stand beside it and win.
 *
 * Port 25; `EnableSsl=True` is mandatory STARTTLS, as .NET does it. `Timeout` is how long the server
 * may take to let us in (connect, TLS, greeting): it never shortens what follows, because whoever
 * gives up after the message was sent does not know whether it was accepted.
 *
 * Throws `InvalidConnectionStringError`, also without a server (SSIS's 0xC00291C4), and
 * `AuthMethodNotAvailableError` for `UseWindowsAuthentication=True`.
 */
export function expandConnectionString(text: string, given: UnknownProperties): UnknownProperties {
  const { smtpServer, useWindowsAuthentication, enableSsl, timeoutMs } = parseConnectionString(text)
  if ((smtpServer ?? '') === '' && given['server'] === undefined) {
    throw new InvalidConnectionStringError(
      'the SMTP server is not specified: expected SmtpServer=host, or `server` beside it',
      { key: 'SmtpServer', position: Math.max(text.search(/SmtpServer/i), 0) + 1 },
    )
  }
  if (useWindowsAuthentication === true && given['auth'] === undefined) {
    throw new AuthMethodNotAvailableError('windows', AUTH_METHODS)
  }
  return {
    ...(smtpServer ? { server: smtpServer } : {}),
    port: PORT,
    tls: enableSsl === true ? 'starttls' : 'none',
    ...(timeoutMs ? { timeouts: { connect: timeoutMs, tls: timeoutMs, greeting: timeoutMs } } : {}),
  }
}
