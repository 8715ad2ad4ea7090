import type { TLSSocket } from 'node:tls'

import type { Fault } from '../smtp/fault.ts'
import type { Stage } from '../smtp/stage.ts'
import type { ConnectionManager } from './connection-manager.ts'
import { isPinned } from './fingerprint.ts'
import { peerCertificate } from './peer-certificate.ts'
import { describeCertificate } from './session-security.ts'
import type { TlsOptions } from './tls-options.ts'

/** Whether a handshake ends when the server does not prove who it is, before we look ourselves. */
export function isLeftToNode({ tls, tlsOptions }: ConnectionManager): boolean {
  return tls !== 'opportunistic' && tlsOptions.fingerprint === undefined
}

/** Whether the server at the other end has proved who it is; a pinned certificate is proof enough. */
export function isProven(socket: TLSSocket, { fingerprint }: TlsOptions): boolean {
  if (fingerprint === undefined) return socket.authorized
  const certificate = peerCertificate(socket)
  return certificate !== undefined && isPinned(certificate, fingerprint)
}

/** Why nothing may be said to the server after a handshake; undefined when all may. */
export function faultOfHandshake(
  socket: TLSSocket,
  { tls, tlsOptions }: ConnectionManager,
  stage: Stage,
): Fault | undefined {
  if (tls === 'opportunistic' || isProven(socket, tlsOptions)) return undefined
  const certificate = peerCertificate(socket)
  const shown = certificate === undefined ? 'none' : describeCertificate(certificate).fingerprint
  const detail =
    `the server's certificate is none of tlsOptions.fingerprint: its fingerprint is ${shown}. ` +
    'If the server has a new one, write that; else somebody stands in between'
  return { kind: 'tls', stage, detail, cause: 'FINGERPRINT_MISMATCH' }
}
