import { createSecureContext } from 'node:tls'

import type { Fault } from '../smtp/fault.ts'
import { tlsOf } from './login-connection.ts'
import type { ResolvedManager } from './secrets.ts'

/**
 * Why OpenSSL does not let us show our certificate, whatever the server thinks of it; undefined when it
 * does, or none is shown. To be asked before anybody is connected to: nodemailer tells it without a name.
 */
export function faultOfOwnCertificate(resolved: ResolvedManager): Fault | undefined {
  const { manager, clientCertificate } = resolved
  const { tls } = manager
  if (clientCertificate === undefined || (tls !== 'implicit' && tls !== 'starttls')) {
    return undefined
  }
  try {
    createSecureContext(tlsOf(resolved))
    return undefined
  } catch (error) {
    const hasCode = error instanceof Error && 'code' in error
    const code = hasCode ? String(error.code) : 'no code'
    const detail = `OpenSSL does not let us show our certificate (tlsOptions.cert): ${code}`
    const stage = tls === 'implicit' ? 'tls' : 'starttls'
    return { kind: 'tls', stage, detail, cause: 'CLIENT_CERTIFICATE_UNUSABLE' }
  }
}
