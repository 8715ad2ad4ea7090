import * as z from 'zod'

import type { Fault } from '../../../smtp/fault.ts'

/** What a mail server says of a token that it refuses (RFC 7628 §3.2.2, and XOAUTH2 alike). */
const refusal = z.object({ status: z.string(), scope: z.string().optional() })

/** A word of the protocol: neither a token nor an address. */
const WORD = /^[A-Za-z0-9_:/.-]{1,80}$/

/** The fault with what the server has said of the token beside its reply. */
export function refusedBy(fault: Fault, challenge: Buffer): Fault {
  if (fault.kind !== 'reply') return fault
  const { reply } = fault
  const told = toldBy(challenge)
  return told === '' ? fault : { ...fault, reply: { ...reply, text: `${reply.text} (${told})` } }
}

function toldBy(challenge: Buffer): string {
  try {
    const { status, scope } = refusal.parse(JSON.parse(challenge.toString()))
    return [`status ${status}`, ...(scope === undefined ? [] : [`scope ${scope}`])]
      .filter((part) => WORD.test(part.slice(part.indexOf(' ') + 1)))
      .join(', ')
  } catch {
    return ''
  }
}
