import type { KerberosContext } from '../kerberos/context.ts'
import { KERBEROS_ENDED } from '../kerberos/faults.ts'
import { answer, authFault, refuse } from '../mechanism.ts'
import type { Answer, Mechanism } from '../mechanism.ts'

/** RFC 4752 §3.3: the bit for "no security layer", the only one that is spoken here: TLS does better. */
const NO_LAYER = 0x01

/** The context that was opened, and its first token. */
export interface GssapiStart {
  readonly context: KerberosContext
  readonly token: Buffer
}

/** GSSAPI (RFC 4752): Kerberos as it is, or as Windows wraps it (SPNEGO), by what was opened. */
export function gssapi({ context, token }: GssapiStart): Mechanism {
  let isLayerChosen = false

  const chooseLayer = async (challenge: Buffer): Promise<Answer> => {
    const offer = await context.unwrap(challenge)
    if (offer.length !== 4) return refuse('the server offers no security layers after Kerberos')
    if (((offer[0] ?? 0) & NO_LAYER) === 0) {
      return refuse('the server demands a security layer of GSSAPI: use TLS instead of it')
    }
    isLayerChosen = true
    // Nothing follows the four bytes: we act as who we are.
    return answer(await context.wrap(Buffer.from([NO_LAYER, 0, 0, 0])))
  }

  return {
    name: 'GSSAPI',
    begin: () => answer(token),
    respond: async (challenge) => {
      if (isLayerChosen) return refuse('the server asks on after the end of AUTH GSSAPI')
      try {
        if (!context.isComplete) return answer(await context.step(challenge))
        // RFC 4752 §3.1: an empty challenge asks for nothing but an empty answer.
        return challenge.length === 0 ? answer('') : await chooseLayer(challenge)
      } catch {
        if (context.isLost) return { kind: 'fault', fault: KERBEROS_ENDED }
        return refuse('what the server answered does not belong to this Kerberos ticket')
      }
    },
    end: () =>
      context.isComplete
        ? undefined
        : authFault('the server did not prove that it is the one which the ticket is for'),
  }
}
