import { TLSSocket } from 'node:tls'

import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import type { Fault } from '../smtp/fault.ts'
import type { ConnectionManager } from './connection-manager.ts'
import type { LoginProgress } from './login-progress.ts'
import { faultOfHandshake } from './server-proof.ts'

/** Judges a handshake before nodemailer says anything over it; to be called when it begins. */
export function watchHandshake(
  manager: ConnectionManager,
  { _socket: socket }: SMTPConnection,
  progress: LoginProgress,
  fail: (fault: Fault) => void,
): void {
  if (!(socket instanceof TLSSocket)) return
  socket.prependOnceListener('secureConnect', () => {
    const fault = faultOfHandshake(socket, manager, progress.stage)
    if (fault !== undefined) fail(fault)
  })
}
