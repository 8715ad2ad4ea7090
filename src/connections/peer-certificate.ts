import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/**
 * The certificate that the other end of `socket` has shown, as often as it is asked for.
 *
 * Not by `getPeerX509Certificate`: in Node 24 that takes the certificate out of the session, so that
 * the second one to ask is told that there is none.
 */
export function peerCertificate(socket: TLSSocket): X509Certificate | undefined {
  // Typed as always there, and absent when nothing was shown.
  const { raw } = socket.getPeerCertificate() as { readonly raw?: Buffer }
  return raw && new X509Certificate(raw)
}
