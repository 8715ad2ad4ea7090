import { TLSSocket } from 'node:tls'

import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import type { Fault } from '../smtp/fault.ts'
import type { ConnectionManager } from './connection-manager.ts'
import type { LoginProgress } from './login-progress.ts'
import { peerCertificate } from './peer-certificate.ts'
import { faultOfHandshake } from './server-proof.ts'

/**
 * Judges a handshake before nodemailer says anything over it; to be called when it begins.
 *
 * One in which Node does not like the certificate ends between the events `secure` and
 * `secureConnect`, and takes it away: for the trail it is read at the first of them. So no second
 * connection is made to look at it, and nothing is said over a session whose server has proved nothing.
 */
export function watchHandshake(
  manager: ConnectionManager,
  { _socket: socket }: SMTPConnection,
  progress: LoginProgress,
  fail: (fault: Fault) => void,
): void {
  if (!(socket instanceof TLSSocket)) return
  const { trail } = progress
  if (trail) socket.prependOnceListener('secure', () => trail.see(peerCertificate(socket)))
  socket.prependOnceListener('secureConnect', () => {
    const fault = faultOfHandshake(socket, manager, progress.stage)
    if (fault !== undefined) fail(fault)
  })
}
