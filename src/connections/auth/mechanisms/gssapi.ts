import type { KerberosContext } from '../kerberos/library.ts'
import { answer, authFault, refuse } from '../mechanism.ts'
import type { Answer, Mechanism } from '../mechanism.ts'

/** RFC 4752 §3.3: the bit for "no security layer", the only one that is spoken here: TLS does better. */
const NO_LAYER = 0x01

/** The context that was opened, and its first token. */
export interface GssapiStart {
  readonly context: KerberosContext
  readonly token: string
}

/** GSSAPI (RFC 4752): Kerberos as it is, or as Windows wraps it (SPNEGO), by what was opened. */
export function gssapi({ context, token }: GssapiStart): Mechanism {
  let isLayerChosen = false

  const chooseLayer = async (challenge: Buffer): Promise<Answer> => {
    const offer = Buffer.from(await context.unwrap(challenge.toString('base64')), 'base64')
    if (offer.length !== 4) return refuse('the server offers no security layers after Kerberos')
    if (((offer[0] ?? 0) & NO_LAYER) === 0) {
      return refuse('the server demands a security layer of GSSAPI: use TLS instead of it')
    }
    isLayerChosen = true
    // Nothing follows the four bytes: we act as who we are.
    const choice = Buffer.from([NO_LAYER, 0, 0, 0]).toString('base64')
    return answer(Buffer.from(await context.wrap(choice, { protect: false }), 'base64'))
  }

  return {
    name: 'GSSAPI',
    begin: () => answer(Buffer.from(token, 'base64')),
    respond: async (challenge) => {
      if (isLayerChosen) return refuse('the server asks on after the end of AUTH GSSAPI')
      try {
        if (!context.contextComplete) {
          const next = await context.step(challenge.toString('base64'))
          return answer(Buffer.from(next, 'base64'))
        }
        // RFC 4752 §3.1: an empty challenge asks for nothing but an empty answer.
        return challenge.length === 0 ? answer('') : await chooseLayer(challenge)
      } catch {
        return refuse('what the server answered does not belong to this Kerberos ticket')
      }
    },
    end: () =>
      context.contextComplete
        ? undefined
        : authFault('the server did not prove that it is the one which the ticket is for'),
  }
}
