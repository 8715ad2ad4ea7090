import { parseConnectionString } from './connection-string.ts'
import { InvalidConnectionStringError } from './errors.ts'
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
 * `UseWindowsAuthentication=True` logs in as the account that the process runs as, as SSIS does.
 *
 * Throws `InvalidConnectionStringError`, also without a server (SSIS's 0xC00291C4).
 */
export function expandConnectionString(text: string, given: UnknownProperties): UnknownProperties {
  const { smtpServer, useWindowsAuthentication, enableSsl, timeoutMs } = parseConnectionString(text)
  if ((smtpServer ?? '') === '' && given['server'] === undefined) {
    throw new InvalidConnectionStringError(
      'the SMTP server is not specified: expected SmtpServer=host, or `server` beside it',
      { key: 'SmtpServer', position: Math.max(text.search(/SmtpServer/i), 0) + 1 },
    )
  }
  return {
    ...(smtpServer ? { server: smtpServer } : {}),
    port: PORT,
    tls: enableSsl === true ? 'starttls' : 'none',
    ...(useWindowsAuthentication === true ? { auth: { method: 'windows' } } : {}),
    ...(timeoutMs ? { timeouts: { connect: timeoutMs, tls: timeoutMs, greeting: timeoutMs } } : {}),
  }
}
